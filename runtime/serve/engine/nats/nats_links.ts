/**
 * What the keeper of the link does with a NATS server.
 *
 * In: where the server is; the names and the leases of this node. Out: links whose streams are there, and which listen to this node's
 * probes; the messages of all of them.
 *
 * A probe is a message that is stored, and that is delivered when it is: so it fails if JetStream does.
 */
import type { LinkFault, LinkWork } from "../link_keeper.ts";
import { connectionPlaces, type NatsPlace, type NatsServer } from "./nats_address.ts";
import { connectionFault, natsFault } from "./nats_faults.ts";
import { NatsLink } from "./nats_link.ts";
import type { NatsNodes } from "./nats_nodes.ts";
import type { NatsNames } from "./names.ts";
import { type AskJetStream, changeOfStream, ensureStreams, streamFacts } from "./streams.ts";

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** What a probe has to bring about. */
type ProbePart = "stored" | "led";

/** What the links are used for. */
export interface NatsLinksParts {
  readonly names: NatsNames;
  readonly nodes: NatsNodes;
  /** Names this node in the subject of its probes. */
  readonly probes: string;
  /** A probe has come back. */
  probed(text: string): void;
  /** A message of another subject. */
  message(subject: string, bytes: Uint8Array, sequence: number): void;
  /** A new link begins: what is known of the one before may be wrong. */
  begun(): void;
}

/** Opens links. */
export class NatsLinks implements LinkWork<NatsLink> {
  readonly #server: NatsServer;
  readonly #places: readonly NatsPlace[];
  readonly #parts: NatsLinksParts;
  /** The place of the link that was opened last, or that is to be tried first. */
  #at: number;
  /** The probe that is under way, and what of it is missing. */
  #awaited: { readonly text: string; readonly parts: Set<ProbePart> } | undefined;

  constructor(server: NatsServer, parts: NatsLinksParts) {
    this.#server = server;
    this.#parts = parts;
    this.#places = connectionPlaces(server);
    // So the nodes spread over a cluster.
    this.#at = Math.floor(Math.random() * this.#places.length);
  }

  /** Tries all places, one after another, and the one of a link that was lost as the last one. */
  async open(lost: (reason: string) => void): Promise<NatsLink> {
    const faults: string[] = [];
    const { length } = this.#places;
    for (const _ of this.#places) {
      const place = this.#places[this.#at]!;
      try {
        return await this.#openAt(place, lost);
      } catch (error) {
        if (length === 1) throw error;
        faults.push(`${place.place}: ${natsFault(error).reason}`);
        this.#at = (this.#at + 1) % length;
      }
    }
    throw new Error(faults.join("; "));
  }

  async #openAt(place: NatsPlace, lost: (reason: string) => void): Promise<NatsLink> {
    const { names, message, begun, probes } = this.#parts;
    const isOneOfSeveral = this.#places.length > 1;
    let isOpen = false;
    let reason: string | undefined;
    const link = await NatsLink.open(this.#server, place, {
      isOneOfSeveral,
      message,
      lost: (why) => {
        reason = why;
        if (!isOpen) return;
        this.#at = (this.#at + 1) % this.#places.length;
        lost(why);
      },
    });
    try {
      const { isCluster } = link;
      const state = await ensureStreams((...request) => link.ask(...request), names, { isCluster });
      link.keepMs = state.keepMs;
      link.warning = state.warning;
      link.leader = state.leader;
      link.streamLife = state.life;
      if (isCluster) link.life = state.life;
      link.receive(names.ofNode("z", probes), ({ data }) => {
        this.#probed(DECODER.decode(data), "stored");
      });
      await link.flush();
    } catch (error) {
      link.close();
      throw link.cause === "" ? error : new Error(link.cause);
    }
    if (reason !== undefined) throw new Error(reason);
    isOpen = true;
    begun();
    return link;
  }

  describe(reason: string): string {
    return connectionFault(reason);
  }

  warningOf(link: NatsLink): string | undefined {
    return link.warning;
  }

  probe(link: NatsLink, text: string): void {
    // Called by a timer: the client throws if the connection has just ended, and that is told anyway.
    if (link.isClosed) return;
    link.publish(this.#parts.names.ofNode("y", this.#parts.probes), ENCODER.encode(text));
    this.#awaited = { text, parts: new Set(link.isCluster ? ["stored", "led"] : ["stored"]) };
    if (link.isCluster) void this.#askLeader(link, text);
  }

  /** In a cluster a probe is complete if the leader of the channels' stream, whose deliveries count, has answered as well. */
  #probed(text: string, part: ProbePart): void {
    const awaited = this.#awaited;
    if (awaited?.text !== text || !awaited.parts.delete(part)) return;
    if (awaited.parts.size === 0) this.#parts.probed(text);
  }

  /**
   * What a leader has stored and not yet delivered when it ends, nobody delivers. So a link ends with the leader that it has begun with:
   * behind the next one each followed channel proves its position.
   */
  async #askLeader(link: NatsLink, text: string): Promise<void> {
    try {
      const { leader } = await streamFacts((...request) => link.ask(...request), this.#parts.names);
      if (leader === link.leader) this.#probed(text, "led");
      else link.fail(`another server leads the stream of the channels now: ${leader}`);
    } catch (error) {
      // The probe does not come back, which the keeper notices.
      const { kind, reason } = natsFault(error);
      if (kind === "lost") link.fail(reason);
    }
  }

  /**
   * What others do to the stream of the channels is noticed here, too. JetStream does not answer who stores in one that was deleted; one
   * without `republish` takes publications that nobody gets.
   */
  async renew(link: NatsLink): Promise<boolean> {
    const { names, nodes } = this.#parts;
    try {
      const wasLost = await nodes.renew(link);
      const ask: AskJetStream = (...request) => link.ask(...request);
      const change = await changeOfStream(ask, names, link.streamLife);
      if (change !== undefined) link.fail(`the stream ${names.stream("channels")} ${change}`);
      return wasLost;
    } catch (error) {
      const { kind, reason } = natsFault(error);
      if (kind === "lost") link.fail(reason);
      throw error;
    }
  }

  end(link: NatsLink): Promise<void> {
    return this.#parts.nodes.end(link);
  }

  faultOf(error: unknown): LinkFault {
    const { kind, mayBeDone, reason } = natsFault(error);
    return { isRefusal: !mayBeDone && kind !== "conflict", reason };
  }
}
