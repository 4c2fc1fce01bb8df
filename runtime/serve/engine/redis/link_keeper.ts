/**
 * Keeps a link to the server: opens it, probes it, and opens another one, with growing pauses, when it is lost.
 *
 * In: where the server is. Out: the link, if there is one; the status; the messages of all links; what becomes of this node's
 * lease. Between two links there is nothing: no queue.
 */
import type { EngineEvents, EngineStatus } from "../driver.ts";
import { decodeMessage } from "./frames.ts";
import type { RedisNames } from "./names.ts";
import { connectionFault, evictionWarning, redisFault } from "./redis_faults.ts";
import { type LinkTrace, RedisLink, type RedisServer } from "./redis_link.ts";
import { type RedisNodes, RENEW_MS } from "./redis_nodes.ts";
import { RedisProbe } from "./redis_probe.ts";
import { rehearse } from "./rehearsal.ts";

/** The pause before the first new attempt, and the longest one, in milliseconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;

/** The keeper. */
export class LinkKeeper {
  readonly #server: RedisServer;
  readonly #names: RedisNames;
  readonly #nodes: RedisNodes;
  /** The publish/subscribe channel of the probes. */
  readonly #own: string;
  #events: EngineEvents | undefined;
  #link: RedisLink | undefined;
  #trace: LinkTrace | undefined;
  #probe: RedisProbe | undefined;
  #status: EngineStatus = "lost";
  #probeMs = 0;
  #linkedAt = 0;
  #failures = 0;
  #attempts = 0;
  #lastFault = "";
  #isClosed = false;
  #isRenewing = false;
  #warnedOf = "";
  #retry: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setInterval> | undefined;

  /** Nothing is connected before `start`. */
  constructor(server: RedisServer, on: { names: RedisNames; nodes: RedisNodes }) {
    this.#server = server;
    this.#names = on.names;
    this.#nodes = on.nodes;
    this.#own = on.names.ofPubSub("y", on.nodes.id);
  }

  /** The link, from its opening to its end. */
  get link(): RedisLink | undefined {
    return this.#link;
  }

  /** See `EngineDriver`. */
  get status(): EngineStatus {
    return this.#status;
  }

  /** How long the last probe took, in milliseconds. */
  get probeMs(): number {
    return this.#probeMs;
  }

  /** Milliseconds since the link was opened. */
  get linkAgeMs(): number {
    return performance.now() - this.#linkedAt;
  }

  /** Begins; returns why the first attempt failed, or undefined. */
  start(events: EngineEvents): Promise<string | undefined> {
    this.#events = events;
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS);
    return this.#open();
  }

  /** Ends, for good. This node's members leave. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#renewal);
    clearTimeout(this.#retry);
    const link = this.#link;
    if (link === undefined) return;
    this.#drop();
    try {
      await this.#nodes.end(link);
    } catch (error) {
      // Another node removes the members when the lease has expired.
      this.#events?.warn(`cannot leave the engine's channels: ${redisFault(error).reason}`);
    }
    link.close();
  }

  /** Opens a link; on failure says why, and tries again later. */
  async #open(): Promise<string | undefined> {
    this.#attempts++;
    let lost: string | undefined;
    let link: RedisLink | undefined;
    try {
      link = await RedisLink.open(this.#server, {
        message: (channel, bytes) => this.#message(channel, bytes),
        lost: (reason) => {
          lost = reason;
          if (this.#link !== undefined && this.#link === link) this.#lose(reason);
        },
      }, this.#trace);
      await rehearse(link, this.#names);
      await link.subscribe(this.#own);
      if (lost !== undefined) throw new Error(lost);
    } catch (error) {
      link?.close();
      this.#retryLater();
      return this.#tellOnce(connectionFault(lost ?? redisFault(error).reason, this.#server));
    }
    if (this.#isClosed) link.close();
    else this.#use(link);
    return undefined;
  }

  /** The reason of an attempt that has failed: the first one is returned to the caller, another one goes to the log. */
  #tellOnce(reason: string): string {
    if (this.#attempts > 1 && reason !== this.#lastFault) {
      this.#events?.warn(`the engine cannot be used: ${reason}; it is tried again`);
    }
    this.#lastFault = reason;
    return reason;
  }

  #use(link: RedisLink): void {
    this.#lastFault = "";
    this.#link = link;
    this.#trace = link.trace;
    this.#linkedAt = performance.now();
    this.#warnOfEviction(link.facts.evictionPolicy);
    this.#probe = new RedisProbe({
      send: (text) => link.post("PUBLISH", this.#own, text),
      came: (tookMs) => {
        this.#probeMs = tookMs;
        this.#failures = 0;
        this.#setStatus("up", "a probe has come back");
      },
      late: () => {
        if (this.#status === "up") this.#setStatus("doubt", "a probe is late");
      },
      lost: () => link.fail("a probe has not come back"),
    });
    void this.#renew();
  }

  #warnOfEviction(policy: string): void {
    const warning = evictionWarning(policy);
    if (warning === undefined || this.#warnedOf === policy) return;
    this.#warnedOf = policy;
    this.#events?.warn(warning);
  }

  #message(channel: string, bytes: Uint8Array): void {
    const name = this.#names.channelOf(channel);
    if (name === undefined) return this.#probe?.arrived(new TextDecoder().decode(bytes));
    const message = decodeMessage(bytes);
    if (message !== undefined) this.#events?.message(name, message);
  }

  #lose(reason: string): void {
    this.#drop();
    this.#setStatus("lost", reason);
    this.#retryLater();
  }

  #drop(): void {
    this.#link = undefined;
    this.#probe?.stop();
    this.#probe = undefined;
  }

  #setStatus(status: EngineStatus, reason: string): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#events?.status(status, reason);
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    clearTimeout(this.#retry);
    // Spread, so that the nodes of a cluster do not come back all at once.
    this.#retry = setTimeout(() => void this.#open(), longest * (0.5 + Math.random() / 2));
  }

  async #renew(): Promise<void> {
    const link = this.#link;
    if (link === undefined || this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      if (await this.#nodes.renew(link)) this.#events?.membersLost();
    } catch (error) {
      const { kind, reason } = redisFault(error);
      // Of the other faults, those that last end the link, which is told.
      if (kind === "full") this.#events?.warn(`cannot renew this node's lease: ${reason}`);
    } finally {
      this.#isRenewing = false;
    }
  }
}
