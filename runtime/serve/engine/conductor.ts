/**
 * Joins the engine, the store of this server and the workers: on the main thread, one of them.
 *
 * In: requests of the workers, messages and the state of the engine. Out: answers, and a store that has of each followed channel what the
 * engine has. A channel is followed from its first subscriber on this server until a minute after the last one. If the
 * engine is gone and comes back, each followed channel proves its position before the server is ready again; nothing that was
 * missed meanwhile is skipped silently. At an upgrade another process goes on from the positions, and listens before this one ends.
 *
 * Longer than 400 lines because whatever happens to a followed channel has to keep the same few sets of channels true.
 */
import { utf8Of } from "../../../protocol/basics.ts";
import type {
  EngineDriver,
  EngineEvents,
  EngineFull,
  EngineMessage,
  EngineStatus,
  EngineUnavailable,
} from "./driver.ts";
import type { ChainPosition } from "./followed_channel.ts";
import { type EntryOwner, FollowedEntry, type FollowingStore } from "./followed_entry.ts";
import { MessageBuffer, messagesWithout, PassedNotes } from "./message_buffer.ts";
import { RefusalLog } from "./refusal_log.ts";

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
/** Channels that begin to be listened to at the same time, before they are taken over. */
const AHEAD_AT_ONCE = 1_000;
/** Milliseconds for which it is noted what is passed on, for a server that does not say that it is ready. */
const LONGEST_AHEAD = 30_000;
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

/** Where a channel is, for the server that replaces this one. */
export interface FollowedState {
  readonly name: string;
  /** Absent: it begins from the start, and its subscribers are told if something is lost. */
  readonly at?: ChainPosition | undefined;
  /** What was passed on without offset since {@link Conductor.namesAhead}, see {@link PassedNotes}. */
  readonly passed?: readonly string[] | undefined;
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
  /** What comes while the channels go over to another process, or come from one: nothing happens meanwhile. Null: that is not so. */
  #held: MessageBuffer | null = null;
  /** Another process has the channels. */
  #isGivenUp = false;
  /** What was passed on without offset, by channel. Null: nobody wants to know. */
  #passed: PassedNotes | null = null;
  /** Channels of the server before that are listened to. */
  readonly #ahead = new Set<FollowedEntry>();
  #aheadTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  readonly #refusals: RefusalLog;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(parts: ConductorParts) {
    this.#parts = parts;
    this.driver = parts.driver;
    this.store = parts.store;
    this.#refusals = new RefusalLog((text) => parts.warn(text));
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
      const isRefused = this.#held !== null || this.#status === "lost";
      if (isRefused || this.#channels.size >= MAX_WAITING) {
        return Promise.resolve(false);
      }
      entry = new FollowedEntry(name, key, this);
      this.#channels.set(name, entry);
      this.renewed(entry);
    }
    entry.usedAt = performance.now();
    if (entry.isLive) return Promise.resolve(true);
    if (this.#status === "lost" || this.#held !== null) return Promise.resolve(false);
    const { waiters } = entry;
    return new Promise((resolve) => waiters.push(resolve));
  }

  /**
   * Follows a channel from now on, whenever the engine is there, and for as long as this server runs. What comes goes to `store`.
   *
   * @param at where the server before was; undefined: there was none
   */
  keep(name: string, store: FollowingStore, at?: ChainPosition): void {
    const entry = new FollowedEntry(name, NO_KEY, {
      driver: this.driver,
      store,
      startsWithHistory: false,
      now: () => this.now(),
      settled: (entry, isLive) => this.settled(entry, isLive),
      repairing: () => this.repairing(),
      lost: () => this.lost(),
      refused: (refusal) => this.refused(refusal),
      renewed: (entry) => this.renewed(entry),
    });
    this.#channels.set(name, entry);
    this.#kept.add(entry);
    if (at !== undefined) entry.place(at, false);
    this.renewed(entry);
  }

  /** Ends the following of channels that have had no subscriber for a minute. Called by a timer, and by tests. */
  look(now = performance.now()): void {
    if (this.#held !== null) return;
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

  // At an upgrade, in the old server.

  /** The channels that are followed. From now on it is noted what they pass on without offset: another process begins to listen to them. */
  namesAhead(): readonly string[] {
    this.#forgetPassed();
    this.#passed = new PassedNotes();
    this.#aheadTimer = setTimeout(() => {
      if (this.#held === null) this.#forgetPassed();
    }, LONGEST_AHEAD);
    const entries = [...this.#channels.values()].filter((entry) => !this.#kept.has(entry));
    return entries.map(({ name }) => name);
  }

  /** Nothing happens any more to channels, until {@link resume}: another process is about to get them. */
  pause(): void {
    this.#held = new MessageBuffer();
    for (const entry of this.#channels.values()) if (!entry.isLive) this.#detach(entry);
    this.#forgetQueue();
  }

  /** Where all channels are that clients have, and those of {@link keep}. */
  get states(): { readonly channels: FollowedState[]; readonly kept: FollowedState[] } {
    const channels: FollowedState[] = [];
    const kept: FollowedState[] = [];
    for (const entry of this.#channels.values()) {
      const { name, position: at } = entry;
      const passed = this.#passed?.of(name);
      (this.#kept.has(entry) ? kept : channels).push({ name, at, passed });
    }
    return { channels, kept };
  }

  /** Goes on: nobody has got the channels. */
  resume(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#forgetPassed();
    if (!held.isWhole) { for (const entry of this.#channels.values()) entry.cut(); }
    for (const { channel, message } of held.messages) this.message(channel, message);
    this.#beginDetached();
  }

  #beginDetached(): void {
    for (const entry of this.#channels.values()) if (entry.isDetached) this.renewed(entry);
  }

  /** Another process has the channels. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#held?.drop();
    this.#forgetPassed();
  }

  #forgetPassed(): void {
    clearTimeout(this.#aheadTimer);
    this.#passed = null;
  }

  // In the new one.

  /** The store is about to become that of the server before: channels that are followed here for the app are forgotten. */
  awaitStates(): void {
    this.#held = new MessageBuffer();
    this.#forgetQueue();
    for (const entry of this.#channels.values()) if (!this.#kept.has(entry)) this.#drop(entry);
  }

  /** Listens to channels of the server before, which still has them; fulfilled when all are listened to that can be. */
  async listenAhead(names: readonly string[]): Promise<void> {
    for (let i = 0; i < names.length; i += AHEAD_AT_ONCE) {
      await Promise.all(
        names.slice(i, i + AHEAD_AT_ONCE).map(async (name) => {
          const entry = new FollowedEntry(name, utf8Of(name), this);
          this.#channels.set(name, entry);
          if (await entry.listenAhead() && this.#channels.get(name) === entry) {
            this.#ahead.add(entry);
          }
        }),
      );
    }
  }

  /** The store is that of the server before, or, without states, one of this server's own: goes on with all channels from there. */
  takeOver(states: readonly FollowedState[]): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    const taken = states.map((state) => this.#take(state, held.isWhole));
    const left = new Set(taken);
    for (const entry of this.#channels.values()) {
      if (!left.has(entry) && !this.#kept.has(entry)) this.#drop(entry);
    }
    this.#ahead.clear();
    for (const { channel, message } of messagesWithout(held, states)) {
      this.message(channel, message);
    }
    this.#beginDetached();
    void this.#confirm(taken.filter((entry) => entry.isLive));
  }

  #take({ name, at }: FollowedState, isWhole: boolean): FollowedEntry {
    const entry = this.#channels.get(name) ?? new FollowedEntry(name, utf8Of(name), this);
    this.#channels.set(name, entry);
    entry.usedAt = performance.now();
    if (at !== undefined) entry.place(at, isWhole && this.#ahead.has(entry));
    return entry;
  }

  /** Some at a time. */
  async #confirm(entries: readonly FollowedEntry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += AT_ONCE) {
      await Promise.all(entries.slice(i, i + AT_ONCE).map((entry) => entry.confirm()));
    }
  }

  /** Ends everything. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#aheadTimer);
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
    if (this.#isGivenUp) return;
    if (this.#held !== null) return this.#held.add(channel, message);
    this.#passed?.note(channel, message);
    this.#channels.get(channel)?.message(message);
  }

  cut(channels: readonly string[]): void {
    for (const name of channels) {
      const entry = this.#channels.get(name);
      if (entry === undefined) continue;
      this.#ahead.delete(entry);
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

  refused(refusal: EngineFull | EngineUnavailable): void {
    if (this.#isUp) this.#refusals.note(refusal);
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
    this.#held?.drop();
    this.#ahead.clear();
    this.#forgetQueue();
    for (const entry of this.#channels.values()) this.#detach(entry);
  }

  #forgetQueue(): void {
    this.#queue.clear();
    this.#beginning.clear();
    this.#retries.forEach(clearTimeout);
    this.#retries.clear();
  }

  #detach(entry: FollowedEntry): void {
    entry.cut();
    entry.answer(false);
    if (this.#isUnused(entry)) this.#drop(entry);
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
    if (this.#held !== null) return;
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
    return !entry.isPlaced && !this.#kept.has(entry);
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
