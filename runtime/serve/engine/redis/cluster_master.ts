/**
 * One master of a cluster: its link, which is opened again when it is lost, and probes in one of its slots.
 *
 * In: where it is, and which slots it has now. Out: the link; the events of the keeper and of the link. Probes go through sharded
 * publish/subscribe, so they also fail while the cluster as a whole is down; if their slot moves away, they go on in another one.
 */
import type { EngineEvents } from "../driver.ts";
import { type LinkFault, LinkKeeper, type LinkWork } from "../link_keeper.ts";
import { addressOf } from "./find_master.ts";
import type { RedisNames } from "./names.ts";
import { type HostAndPort, nodeUrl } from "./redis_address.ts";
import { connectionFault, evictionWarning, redisFault } from "./redis_faults.ts";
import { type LinkTrace, RedisLink, type RedisServer } from "./redis_link.ts";
import { rehearse } from "./rehearsal.ts";

/** How often a probe is sent until the server takes it, and the milliseconds between: together less than until it is given up. */
const PROBE_TRIES = 8;
const PROBE_PAUSE_MS = 300;

/** What a master is used for. */
export interface ClusterMasterParts {
  /** The address of the cluster. */
  readonly server: RedisServer;
  readonly names: RedisNames;
  /** Names this node's probes. */
  readonly node: string;
  /** See `RedisDriverOptions`. */
  readonly graceMs: number | undefined;
  /** Whether members of this node may be in its channels before it is connected. */
  readonly isLate: boolean;
  /** Whether a master has a slot. */
  hasSlot(master: ClusterMaster, slot: number): boolean;
  /** A message of a publish/subscribe channel, and not of a probe. */
  message(name: string, bytes: Uint8Array): void;
  /** It says that it does not have a slot, or that the cluster is down. */
  moved(): void;
  /** These publish/subscribe channels of a master are listened to no more. */
  dropped(master: ClusterMaster, names: readonly string[]): void;
  /** Renews the lease of this node, if that is to be done here; returns whether it was gone. */
  renew(master: ClusterMaster, link: RedisLink): Promise<boolean>;
  /** The members of this node leave, if that is to be done here. */
  end(master: ClusterMaster, link: RedisLink): Promise<void>;
}

/** A master. */
export class ClusterMaster implements LinkWork<RedisLink> {
  readonly host: string;
  /** With the port, for the log. */
  readonly address: string;
  readonly keeper: LinkKeeper<RedisLink>;
  readonly #parts: ClusterMasterParts;
  readonly #server: RedisServer;
  #trace: LinkTrace | undefined;
  /** Of the probes. */
  #names: RedisNames | undefined;
  #probes = "";
  /** The life of the server in which all members of this node are known to be entered; undefined: there were none before. */
  #enteredIn: string | undefined;

  /** Nothing is connected before `start`. */
  constructor(place: HostAndPort, parts: ClusterMasterParts) {
    const { server, graceMs, isLate } = parts;
    this.host = place.host;
    this.address = addressOf(place);
    this.#parts = parts;
    this.#server = { ...server, url: nodeUrl(server.url, place), isMaster: true };
    this.#enteredIn = isLate ? "" : undefined;
    this.keeper = new LinkKeeper<RedisLink>(this, graceMs);
  }

  /** Connects; returns why the first try failed, or undefined. */
  start(events: EngineEvents): Promise<string | undefined> {
    return this.keeper.start(events);
  }

  // LinkWork

  async open(lost: (reason: string) => void): Promise<RedisLink> {
    const { moved } = this.#parts;
    const message = (name: string, bytes: Uint8Array) => this.#message(name, bytes);
    const dropped = (names: readonly string[]) => this.#dropped(names);
    const link = await RedisLink.open(
      this.#server,
      { message, lost, moved, dropped },
      this.#trace,
    );
    try {
      this.#probes = "";
      await rehearse(link, this.#namesNow());
      await this.#listenToProbes(link);
    } catch (error) {
      link.close();
      throw error;
    }
    this.#trace = link.trace;
    return link;
  }

  describe(reason: string): string {
    return `the master at ${this.address}: ${connectionFault(reason, this.#parts.server)}`;
  }

  warningOf({ facts }: RedisLink): string | undefined {
    return evictionWarning(facts.evictionPolicy);
  }

  probe(link: RedisLink, text: string): void {
    void this.#probe(link, text);
  }

  async renew(link: RedisLink): Promise<boolean> {
    const wasLost = await this.#parts.renew(this, link);
    const before = this.#enteredIn;
    this.#enteredIn = link.facts.life;
    return wasLost || (before !== undefined && before !== this.#enteredIn);
  }

  end(link: RedisLink): Promise<void> {
    return this.#parts.end(this, link);
  }

  faultOf(error: unknown): LinkFault {
    const { kind, mayBeDone, reason } = redisFault(error);
    const passes = kind === "scripts" || kind === "moved";
    return { isRefusal: !mayBeDone && !passes, reason };
  }

  /** Names within a slot that it has now. */
  #namesNow(): RedisNames {
    const { names, hasSlot } = this.#parts;
    const isHere = (slot: number) => hasSlot(this, slot);
    if (this.#names === undefined || !isHere(this.#names.slotOf())) {
      this.#names = names.within(isHere);
      this.#probes = "";
    }
    return this.#names;
  }

  async #listenToProbes(link: RedisLink): Promise<void> {
    const probes = this.#namesNow().ofPubSub("y", this.#parts.node);
    if (this.#probes === probes) return;
    await link.subscribe(probes);
    this.#probes = probes;
  }

  async #probe(link: RedisLink, text: string): Promise<void> {
    for (let tries = 0; tries < PROBE_TRIES; tries++) {
      const send = () => link.publish(this.#probes, text);
      // If not, the slot is on its way, or the cluster is down: the probe is late, and perhaps lost.
      if (await this.#listenToProbes(link).then(send, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, PROBE_PAUSE_MS));
      if (this.keeper.link !== link) return;
    }
  }

  #message(name: string, bytes: Uint8Array): void {
    if (name === this.#probes) this.keeper.probed(new TextDecoder().decode(bytes));
    else this.#parts.message(name, bytes);
  }

  #dropped(names: readonly string[]): void {
    if (names.includes(this.#probes)) this.#probes = "";
    this.#parts.dropped(this, names);
  }
}
