/**
 * Keeps a link to the engine: opens it, probes it, and opens another one, with growing pauses, when it is lost.
 *
 * In: how a driver opens a link, and what it does with one. Out: the link, if there is one; the status; what becomes of this node's
 * lease. Between two links there is nothing: no queue.
 */
import type { EngineEvents, EngineMessage, EngineStatus } from "./driver.ts";
import { Probe } from "./probe.ts";

/** The pause before the first new attempt, and the longest one, in milliseconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;
/** Longer than the longest pause between two attempts to connect, and the verification behind it: another node may have a proof. */
const GRACE_MS = 8000;
/** How often a lease is renewed, in milliseconds. */
const RENEW_MS = 3000;

/** One life of the connections to the engine. */
export interface KeptLink {
  /** Closes it; what is under way is rejected. */
  close(): void;
  /** Ends it, and tells. */
  fail(reason: string): void;
}

/** What a driver does with links. */
export interface LinkWork<Link extends KeptLink> {
  /**
   * Opens a link that can be used at once, and that listens to the probes of this node.
   *
   * @param lost to be called once if the link ends by itself, also before the promise is fulfilled
   * @throws {Error} if that fails; the message says why
   */
  open(lost: (reason: string) => void): Promise<Link>;
  /** Why a link could not be opened, with a hint for the operator. */
  describe(reason: string): string;
  /** What may lose data in this server. */
  warningOf(link: Link): string | undefined;
  /** Sends a probe, which comes back by {@link LinkKeeper.probed}. */
  probe(link: Link, text: string): void;
  /** Renews the lease of this node; returns whether it was gone, so that the members have left. */
  renew(link: Link): Promise<boolean>;
  /** The members of this node leave. */
  end(link: Link): Promise<void>;
  /** What an error of the link means. */
  faultOf(error: unknown): LinkFault;
}

/** An error of a link. */
export interface LinkFault {
  /** Whether the engine has answered so, and may do that for long. */
  readonly isRefusal: boolean;
  readonly reason: string;
}

/** The keeper. */
export class LinkKeeper<Link extends KeptLink> {
  readonly #work: LinkWork<Link>;
  readonly #graceMs: number;
  #events: EngineEvents | undefined;
  #link: Link | undefined;
  #probe: Probe | undefined;
  #status: EngineStatus = "lost";
  #probeMs = 0;
  #linkedAt = 0;
  #failures = 0;
  #attempts = 0;
  #lastFault = "";
  #isClosed = false;
  #isRenewing = false;
  /** Why the lease was not renewed the last time; empty: it was. */
  #unrenewed = "";
  /** The renewal that is under way; it is never rejected. */
  #renewed: Promise<void> = Promise.resolve();
  #warnedOf = "";
  #retry: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setInterval> | undefined;

  /**
   * Nothing is connected before `start`.
   *
   * @param graceMs milliseconds after a link was opened in which only nodes with a proof decide about a channel
   */
  constructor(work: LinkWork<Link>, graceMs = GRACE_MS) {
    this.#work = work;
    this.#graceMs = graceMs;
  }

  /** The link, from its opening to its end. */
  get link(): Link | undefined {
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

  /** Whether another node may know more about a channel than a caller without a proof. */
  get isInGrace(): boolean {
    return performance.now() - this.#linkedAt < this.#graceMs;
  }

  /** A probe of this node has come. */
  probed(text: string): void {
    this.#probe?.arrived(text);
  }

  /** A message of a channel has come. */
  deliver(channel: string, message: EngineMessage | undefined): void {
    if (message !== undefined) this.#events?.message(channel, message);
  }

  /** See {@link EngineEvents}. */
  publishing(isUnderWay: boolean): void {
    this.#events?.publishing?.(isUnderWay);
  }

  /** Begins; returns why the first attempt failed, or undefined. */
  start(events: EngineEvents): Promise<string | undefined> {
    this.#events = events;
    this.#renewal = setInterval(() => this.#renew(), RENEW_MS);
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
    // Behind the end of the lease, it would make another one.
    await this.#renewed;
    try {
      await this.#work.end(link);
    } catch (error) {
      // Another node removes the members when the lease has expired.
      this.#events?.warn(`cannot leave the engine's channels: ${this.#work.faultOf(error).reason}`);
    }
    link.close();
  }

  /** Opens a link; on failure says why, and tries again later. */
  async #open(): Promise<string | undefined> {
    this.#attempts++;
    let lost: string | undefined;
    let link: Link | undefined;
    try {
      link = await this.#work.open((reason) => {
        lost = reason;
        if (this.#link !== undefined && this.#link === link) this.#lose(reason);
      });
      if (lost !== undefined) throw new Error(lost);
    } catch (error) {
      link?.close();
      this.#retryLater();
      return this.#tellOnce(this.#work.describe(lost ?? this.#work.faultOf(error).reason));
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

  #use(link: Link): void {
    this.#lastFault = "";
    this.#link = link;
    this.#linkedAt = performance.now();
    this.#warn(this.#work.warningOf(link));
    this.#probe = new Probe({
      send: (text) => this.#work.probe(link, text),
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
    this.#renew();
  }

  /** Once, until there is another one. */
  #warn(warning: string | undefined): void {
    if (warning === undefined || this.#warnedOf === warning) return;
    this.#warnedOf = warning;
    this.#events?.warn(warning);
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

  #renew(): void {
    const link = this.#link;
    if (link === undefined || this.#isRenewing) return;
    this.#isRenewing = true;
    this.#renewed = this.#renewBy(link);
  }

  async #renewBy(link: Link): Promise<void> {
    try {
      if (await this.#work.renew(link)) this.#events?.membersLost();
      this.#unrenewed = "";
    } catch (error) {
      const { isRefusal, reason } = this.#work.faultOf(error);
      // Of the other faults, those that last end the link, which is reported.
      if (!isRefusal || this.#link !== link || this.#unrenewed === reason) return;
      this.#unrenewed = reason;
      this.#events?.warn(
        `cannot renew this node's lease, without which its members count as gone: ${reason}`,
      );
    } finally {
      this.#isRenewing = false;
    }
  }
}
