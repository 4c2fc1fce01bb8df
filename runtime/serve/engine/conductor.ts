/**
 * Joins the engine, the store of this server and the workers: on the main thread, one of them.
 *
 * In: requests of the workers, messages and the state of the engine. Out: answers, and a store that has of each followed channel what the
 * engine has. A channel is followed from its first subscriber on this server until a minute after the last one. If the
 * engine is gone and comes back, each followed channel proves its position before the server is ready again; nothing that was
 * missed meanwhile is skipped silently.
 */
import type { EngineDriver, EngineEvents, EngineMessage, EngineStatus } from "./driver.ts";
import { type EntryOwner, FollowedEntry, type FollowingStore } from "./followed_entry.ts";

/** Channels whose state is asked for at the same time. */
const AT_ONCE = 100;
/** Milliseconds until a channel whose question has failed asks again. */
const RETRY = 500;
/** Milliseconds that a channel without subscribers is followed, and between two looks for such ones. */
const LINGER = 60_000;
const LOOK_INTERVAL = 10_000;
/** Milliseconds after which a channel is asked for again, as engines forget quiet ones; a driver may want that earlier. */
const CHECK_AFTER = 3_600_000;
/** Channels that may be followed without a subscriber, or be about to be: beyond, new ones are refused. */
const MAX_WAITING = 100_000;
/** Of channels that are not in the store. */
const NO_KEY = new Uint8Array(0);

/** What a conductor works with. */
export interface ConductorParts {
  readonly driver: EngineDriver;
  readonly store: FollowingStore;
  /** Whether publications reach the subscribers of this server while the engine is away; for the log. Default: no. */
  readonly deliversOffline?: boolean;
  /** Tells the operator of something that needs attention, and of something that does not. */
  warn(text: string): void;
  inform(text: string): void;
  /** The members of this server have left in the engine: they must be entered again. */
  membersLost(): void;
  /** See {@link EngineEvents}; default: nobody is told. */
  publishing?(isUnderWay: boolean): void;
}

/** The figures of the engine, for metrics. */
export interface EngineFigures {
  readonly isUp: boolean;
  readonly probeSeconds: number;
  readonly followed: number;
  readonly repairs: number;
  readonly losses: number;
}

/** The conductor. */
export class Conductor implements EngineEvents, EntryOwner {
  readonly driver: EngineDriver;
  readonly store: FollowingStore;
  readonly startsWithHistory = true;
  readonly #parts: ConductorParts;
  readonly #channels = new Map<string, FollowedEntry>();
  /** Those of them that are followed without subscribers. */
  readonly #kept = new Set<FollowedEntry>();
  /** Those that are to begin, and those that have begun and are not live yet. */
  readonly #queue = new Set<FollowedEntry>();
  readonly #beginning = new Set<FollowedEntry>();
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  #status: EngineStatus = "lost";
  #lostAt = performance.now();
  #wasUp = false;
  #isVerifying = true;
  /** Whether the log says that a part of the engine is lost. */
  #isPartTold = false;
  #repairs = 0;
  #losses = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(parts: ConductorParts) {
    this.#parts = parts;
    this.driver = parts.driver;
    this.store = parts.store;
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL);
  }

  /** Whether clients get everything here: the engine is there, and what is followed is verified. */
  get isReady(): boolean {
    return this.#isUp && !this.#isVerifying;
  }

  /** The figures of now. */
  figures(): EngineFigures {
    return {
      isUp: this.#isUp,
      probeSeconds: this.driver.probeMs / 1000,
      followed: this.#channels.size - this.#kept.size,
      repairs: this.#repairs,
      losses: this.#losses,
    };
  }

  /** Up to where a channel is followed; undefined if it is not. */
  positionOf(name: string) {
    return this.#channels.get(name)?.position;
  }

  /** Follows a channel. Fulfilled when the store has it: it can be subscribed to for a minute at least; or with false, if not now. */
  open(name: string, key: Uint8Array): Promise<boolean> {
    let entry = this.#channels.get(name);
    if (entry === undefined) {
      if (this.#status === "lost" || this.#channels.size >= MAX_WAITING) {
        return Promise.resolve(false);
      }
      entry = new FollowedEntry(name, key, this);
      this.#channels.set(name, entry);
      this.renewed(entry);
    }
    entry.usedAt = performance.now();
    if (entry.isLive) return Promise.resolve(true);
    if (this.#status === "lost") return Promise.resolve(false);
    const { waiters } = entry;
    return new Promise((resolve) => waiters.push(resolve));
  }

  /** Follows a channel from now on, whenever the engine is there, and for as long as this server runs. What comes goes to `store`. */
  keep(name: string, store: FollowingStore): void {
    const entry = new FollowedEntry(name, NO_KEY, {
      driver: this.driver,
      store,
      startsWithHistory: false,
      now: () => this.now(),
      settled: (entry, isLive) => this.settled(entry, isLive),
      repairing: () => this.repairing(),
      lost: () => this.lost(),
      renewed: (entry) => this.renewed(entry),
    });
    this.#channels.set(name, entry);
    this.#kept.add(entry);
    this.renewed(entry);
  }

  /** Ends the following of channels that have had no subscriber for a minute. Called by a timer, and by tests. */
  look(now = performance.now()): void {
    const checkMs = this.driver.checkMs ?? CHECK_AFTER;
    // As many in one look as all of them need, and not all at once.
    const most = Math.max(AT_ONCE, Math.ceil(this.#channels.size * LOOK_INTERVAL / checkMs));
    let checks = this.#status === "lost" ? 0 : most;
    for (const entry of this.#channels.values()) {
      if (now - entry.checkedAt > checkMs && checks-- > 0) {
        entry.checkedAt = now;
        entry.check();
      }
      if (this.#kept.has(entry)) continue;
      if (this.store.subscriberCount(entry.key) !== 0) entry.usedAt = now;
      else if (now - entry.usedAt > LINGER && entry.waiters.length === 0) this.#leave(entry);
    }
  }

  /** Ends everything. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#retries.forEach(clearTimeout);
    for (const entry of this.#channels.values()) entry.end();
    return this.driver.close();
  }

  // EngineEvents

  status(status: EngineStatus, reason: string): void {
    const before = this.#status;
    if (status === before) return;
    this.#status = status;
    if (status === "lost") return this.#cut(reason);
    if (status === "doubt") this.#parts.warn(`the engine answers slowly: ${reason}`);
    if (before === "lost") this.#verify();
    else if (status === "partial") this.#warnOfPart(reason);
    else if (before === "partial") this.#complete();
  }

  message(channel: string, message: EngineMessage): void {
    this.#channels.get(channel)?.message(message);
  }

  cut(channels: readonly string[]): void {
    for (const name of channels) {
      const entry = this.#channels.get(name);
      if (entry === undefined) continue;
      entry.cut();
      this.renewed(entry);
    }
  }

  membersLost(): void {
    this.#parts.membersLost();
  }

  publishing(isUnderWay: boolean): void {
    this.#parts.publishing?.(isUnderWay);
  }

  warn(text: string): void {
    this.#parts.warn(text);
  }

  // EntryOwner

  now(): number {
    return Date.now();
  }

  settled(entry: FollowedEntry, isLive: boolean): void {
    this.#beginning.delete(entry);
    if (!isLive) this.#setBack(entry);
    this.#pump();
  }

  repairing(): void {
    this.#repairs++;
  }

  lost(): void {
    this.#losses++;
  }

  renewed(entry: FollowedEntry): void {
    this.#beginning.delete(entry);
    if (this.#status === "lost") return;
    this.#queue.add(entry);
    this.#pump();
  }

  get #isUp(): boolean {
    return this.#status === "up" || this.#status === "doubt";
  }

  get #outcome(): string {
    return this.#parts.deliversOffline === true
      ? "publications are refused, and reach the subscribers of this server alone"
      : "publications are refused";
  }

  #warnOfPart(reason: string): void {
    this.#isPartTold = true;
    this.#parts.warn(`a part of the engine is lost: ${reason}; in its channels, ${this.#outcome}`);
  }

  /** All parts of the engine are there; channels that could not be verified try again. */
  #complete(): void {
    if (this.#isPartTold) this.#parts.inform("all parts of the engine are back");
    this.#isPartTold = false;
    this.#isVerifying = true;
    this.#pump();
  }

  #cut(reason: string): void {
    this.#lostAt = performance.now();
    this.#isVerifying = true;
    if (this.#wasUp) this.#parts.warn(`the engine is lost: ${reason}; ${this.#outcome}`);
    this.#queue.clear();
    this.#beginning.clear();
    this.#retries.forEach(clearTimeout);
    this.#retries.clear();
    for (const entry of this.#channels.values()) {
      entry.cut();
      entry.answer(false);
      if (this.#isUnused(entry)) this.#drop(entry);
    }
  }

  /** The engine is there: all channels prove their positions, some at a time. */
  #verify(): void {
    const seconds = ((performance.now() - this.#lostAt) / 1000).toFixed(1);
    const count = this.#channels.size - this.#kept.size;
    if (this.#wasUp) {
      this.#parts.inform(`the engine is back after ${seconds} s; ${count} channels are verified`);
    }
    this.#wasUp = true;
    for (const entry of this.#channels.values()) this.#queue.add(entry);
    this.#pump();
  }

  #pump(): void {
    for (const entry of this.#queue) {
      if (this.#beginning.size >= AT_ONCE) return;
      this.#queue.delete(entry);
      this.#beginning.add(entry);
      entry.begin();
    }
    const isDone = this.#beginning.size === 0 && this.#retries.size === 0;
    if (isDone && this.#status !== "lost") this.#isVerifying = false;
  }

  /** A question has failed. */
  #setBack(entry: FollowedEntry): void {
    entry.answer(false);
    if (this.#isUnused(entry)) return this.#drop(entry);
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.renewed(entry);
    }, RETRY);
    this.#retries.add(timer);
  }

  /** Whether nobody here has been told that it is followed. */
  #isUnused(entry: FollowedEntry): boolean {
    return entry.position === undefined && !this.#kept.has(entry);
  }

  #leave(entry: FollowedEntry): void {
    // "used": a subscriber has come. "busy": the next time.
    if (this.store.unfollow(entry.key) === "unfollowed") this.#drop(entry);
  }

  #drop(entry: FollowedEntry): void {
    entry.end();
    this.#channels.delete(entry.name);
    this.#queue.delete(entry);
    this.#beginning.delete(entry);
    if (this.#status !== "lost") void this.driver.unlisten(entry.name);
  }
}
