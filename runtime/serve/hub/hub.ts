/**
 * The hub of one worker: passes what is published in the channels, on any thread, to this worker's subscribers.
 *
 * In: subscribers; the worker's feed, which it reads in each turn of the loop. Out: each publication once, in the order of the
 * offsets. The rule for each channel: an offset that was passed on already is skipped, the next one is passed on, and before a
 * later one the difference is read from the history. If it is not there, all subscribers of the channel are told so. After a part of
 * the feed was lost each channel is compared with the store; what no history has may be in the rest of the feed, and is waited for.
 *
 * A subscriber comes in three steps, all in one turn: {@link enter}, from which on the feed has everything; then the
 * owner recovers what it has to, up to some position; then {@link join} from that position. So no publication
 * is lost in between, and none is sent twice.
 *
 * What is published while one look at the feed is delivered together: one message for each channel and face. A turn
 * reads one batch of the feed, and recovers few channels; the rest follows in the next turns.
 *
 * Longer than 400 lines because whatever changes a channel has to keep the same few sets of channels true.
 */

import {
  type ChannelStore,
  type Entry,
  ENTRY_KIND,
  type EntrySink,
  type FeedReader,
  type FeedSink,
} from "../../channels/mod.ts";
import type { Deferred, Gatherer, Loop } from "../../net/mod.ts";
import type { ChannelWatch } from "../broker/mod.ts";
import type { Face, Subscriber } from "./face.ts";
import { AwaitedChannels } from "./awaited_channels.ts";
import { Conflation, type ConflationRules } from "./conflation.ts";
import type { DeliveryTimer } from "./delivery_timer.ts";
import { type ChannelOwner, HubChannel } from "./hub_channel.ts";
import { MissingEntries } from "./missing_entries.ts";

/** Entries that a turn reads, at most; one look of the store's reader has as many. */
const ENTRIES_A_TURN = 128;
/** Channels that a turn compares with the store after a part of the feed was lost. */
const RECOVERIES_A_TURN = 64;
/** Bytes that they recover together; the last one may have more. */
const RECOVERED_A_TURN = 4 * 1024 * 1024;
/** What a channel may be behind; if it is more, its subscribers recover by themselves. */
const RECOVERY = { limit: 4096, maxBytes: 4 * 1024 * 1024 } as const;

/** Looks at the feed until it was read to its end: it holds no more entries. */
const MOST_TURNS = 16_384;

/** What the hub needs of the store. */
export type HubStore = Pick<
  ChannelStore,
  | "isSealed"
  | "openFeed"
  | "readFeed"
  | "readSinceMove"
  | "recover"
  | "ringBells"
  | "settle"
  | "subscribe"
  | "unsubscribe"
>;

/** What the hub works with. */
export interface HubParts {
  /** The store, as this worker opened it; its `onMarked` calls {@link Hub.wake}. */
  readonly store: HubStore;
  /** The worker's loop. The hub must be the first that gathers, so that what it sends leaves in the same turn. */
  readonly loop: Pick<Loop, "gather" | "defer">;
  /** Tells the operator of a subscriber that threw: a fault of ours, which must not end the worker. */
  report(error: unknown): void;
  /** Which publications wait for newer ones; absent: none does. */
  readonly conflation?: ConflationRules;
  /** Is told which channels have subscribers here; absent: nobody is. */
  readonly watch?: Pick<ChannelWatch, "occupied" | "vacated"> | undefined;
  /** Is told what is passed on; absent: latencies are not measured. */
  readonly timer?: Pick<DeliveryTimer, "encoded"> | undefined;
}

/** A channel that was entered. */
export interface Entrance {
  readonly channel: HubChannel;
  /** The offset of the latest publication: the feed has all later ones. */
  readonly offset: number;
}

/** How a subscriber of another process goes on. */
export interface ResumeWish {
  /** How what it has missed is encoded; default: as what comes. */
  readonly face?: Face<unknown>;
  /** Whether it must not miss what no history has either: members, and publications without an offset. Default: false. */
  readonly needsAll?: boolean;
}

/** The hub. */
export class Hub implements FeedSink, Gatherer, Deferred, ChannelOwner {
  readonly #store: HubStore;
  readonly #loop: HubParts["loop"];
  readonly #report: HubParts["report"];
  readonly #watch: HubParts["watch"];
  readonly #timer: HubParts["timer"];
  /** Null until there is a subscriber, and while the store is about to become another one. */
  #feed: FeedReader | null = null;
  readonly #byName = new Map<string, HubChannel>();
  readonly #byEpoch = new Map<number, HubChannel>();
  readonly #dirty = new Set<HubChannel>();
  /** A part of the feed may be missing: their positions are compared with the store. */
  readonly #suspects = new Set<HubChannel>();
  readonly #awaited = new AwaitedChannels();
  readonly #conflation: ConflationRules | undefined;
  /** In which publications wait for the end of an interval. */
  readonly #holding = new Set<HubChannel>();
  readonly #held = { bytes: 0 };
  /** When the first of these ends, or before that, in the loop's milliseconds. */
  #nextEnd = Infinity;
  #lastNumber = 0;
  #isPolling = false;
  #isDeferred = false;
  // Of this turn.
  #recoveries = 0;
  #recoveredBytes = 0;
  /** Whether a microtask is about to read the feed. */
  #isWoken = false;
  /** Whether the store was busy, so that there is something left for the next turn. */
  #isBusy = false;
  /** Called once the store is there. */
  readonly #whenThere: (() => void)[] = [];

  constructor({ store, loop, report, conflation, watch, timer }: HubParts) {
    this.#store = store;
    this.#loop = loop;
    this.#report = report;
    this.#conflation = conflation;
    this.#watch = watch;
    this.#timer = timer;
    loop.gather(this);
  }

  /** The channels that have subscribers here. */
  get channelCount(): number {
    return this.#byName.size;
  }

  get flushBy(): number {
    return this.#nextEnd;
  }

  /** The subscribers of a channel here. */
  subscribersOf(name: string): readonly Subscriber[] {
    return this.#byName.get(name)?.subscribers ?? [];
  }

  /**
   * Subscribes this worker to a channel for one more subscriber: from now on, the feed has its publications.
   * {@link join} must follow in the same turn, or {@link leave}.
   *
   * @param key the name as the store has it
   * @returns `full`, `busy`: the store has no room, or is locked; both are temporary. `absent`: it has to be followed first
   */
  enter(name: string, key: Uint8Array): Entrance | "absent" | "full" | "busy" {
    if (this.#feed === null) {
      if (this.#store.isSealed) return "busy";
      this.#feed = this.#store.openFeed();
    }
    const { status, offset, epoch } = this.#store.subscribe(key);
    if (status !== "subscribed") return status;
    let channel = this.#byName.get(name);
    if (channel !== undefined && channel.epoch !== epoch) {
      // Only if the main thread took this worker for dead. The store has another channel by this name, which counts this one alone.
      channel.entered = 0;
      this.#lose(channel);
      channel = undefined;
    }
    channel ??= this.#add(name, key, { offset, epoch });
    channel.entered++;
    return { channel, offset };
  }

  /** Adds a subscriber that has everything up to the offset `from`. */
  join(channel: HubChannel, subscriber: Subscriber, from: number): void {
    channel.add(subscriber, from);
    // While messages are being sent, it would get one that was encoded before it came.
    if (this.#isPolling) this.#dirty.add(channel);
    else channel.admit();
  }

  /** The offset of a channel that was entered when this process went on with it, or as far as the feed goes back: for {@link resume}. */
  offsetAtMove({ channel: { epoch }, offset }: Entrance): number {
    let first = offset + 1;
    const sink = {
      entry: ({ kind, offset: at }: Entry) => {
        if (kind !== ENTRY_KIND.lost && at > 0) first = Math.min(first, at);
      },
    };
    // Also what came since the reader began, for another channel.
    if (this.#feed !== null) this.#store.readSinceMove(epoch, this.#feed.end, sink);
    return first - 1;
  }

  /**
   * Goes on with a subscriber that another process has left at an offset, whose channel was entered: passes it what was passed on here
   * since, and lets it {@link join}. All of that is in the feed, while it has room; the history has a part of it.
   *
   * @param wish what it gets
   * @returns false, and it has not joined: some of that is gone
   */
  resume(
    { channel, offset }: Entrance,
    subscriber: Subscriber,
    since: number,
    { face = subscriber.face, needsAll = false }: ResumeWish = {},
  ): boolean {
    if (this.#feed === null || since > offset) return false;
    const { key, epoch, passedUpTo: end } = channel;
    const missed = () => new MissingEntries(channel, { subscriber, face }, { since, end });
    let missing = missed();
    const isWhole = this.#store.readSinceMove(epoch, this.#feed.position, missing);
    if (!isWhole && needsAll) return false;
    if (!isWhole) missing = missed();
    if (missing.position < end) {
      const { position } = missing;
      this.#store.recover(key, { offset: position, epoch }, RECOVERY, missing);
      if (missing.position < end) {
        if (!isWhole) return false;
        const later = { entry: (entry: Entry) => entry.offset > position && missing.entry(entry) };
        this.#store.readSinceMove(epoch, this.#feed.end, later);
      }
      if (missing.position < end) return false;
    }
    missing.deliver();
    this.join(channel, subscriber, missing.position);
    return true;
  }

  /** Passes what was passed on here of a channel since another process has left it. Returns false if some of that is gone. */
  readSinceMove({ epoch }: HubChannel, sink: EntrySink): boolean {
    return this.#feed !== null && this.#store.readSinceMove(epoch, this.#feed.position, sink);
  }

  /** Passes what the feed has of a channel and was not passed on here yet. Returns false if some of that is gone. */
  readAhead({ epoch }: HubChannel, sink: EntrySink): boolean {
    if (this.#feed === null) return false;
    const { position: from, end } = this.#feed;
    return this.#store.readFeed(epoch, { from, end }, sink);
  }

  /** Takes back an {@link enter}; the subscriber, if there is one, gets nothing more. */
  leave(channel: HubChannel, subscriber?: Subscriber): void {
    // It was told that it is lost, and has left by that.
    if (this.#byEpoch.get(channel.epoch) !== channel) return;
    if (subscriber !== undefined && !channel.delete(subscriber)) return;
    this.#store.unsubscribe(channel.key);
    if (--channel.entered === 0) this.#remove(channel);
  }

  /**
   * This worker has published for itself, perhaps while the hub or another gatherer sends. Until the feed is read nobody else
   * rings, so the loop must not block before: it has another turn. It may also be waiting while a promise has published:
   * then a microtask reads the feed.
   */
  wake(): void {
    this.#continueNextTurn();
    if (this.#isWoken) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      this.flush();
    });
  }

  /** Reads the feed, and sends what it has: in each turn, before the loop waits. */
  flush(): void {
    if (this.#whenThere.length > 0 && !this.#store.isSealed) this.#noteThere();
    // Once for all publications of the turn: rung at the first of them, the others would send each by itself.
    this.#store.ringBells();
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      this.#store.settle();
      this.#isBusy = false;
      this.#recoveries = this.#recoveredBytes = 0;
      const isAtEnd = this.#feed?.poll(this, ENTRIES_A_TURN) ?? true;
      this.#recoverSuspects();
      this.#settleAwaited();
      this.#endIntervals();
      this.#deliver();
      const isDone = isAtEnd && this.#suspects.size === 0 && this.#awaited.isEmpty;
      if (!isDone || this.#isBusy) this.#continueNextTurn();
    } finally {
      this.#isPolling = false;
    }
  }

  /** The next turn, which needed no event to begin. */
  onTurn(): void {
    this.#isDeferred = false;
  }

  // At an upgrade.

  /** Reads the feed to its present end. */
  catchUp(): void {
    for (let left = MOST_TURNS; left > 0 && this.#isBehind; left--) this.flush();
  }

  /** Passes on all that there is, also what waits for the end of an interval: the store is sealed, so nothing follows. */
  finish(): void {
    this.catchUp();
    for (const channel of this.#holding) channel.release(true);
    for (const channel of this.#holding) channel.deliver();
    this.#holding.clear();
  }

  get #isBehind(): boolean {
    return this.#feed !== null && !this.#feed.hasReached(this.#feed.end);
  }

  /** The store is about to become that of the server before: all subscribers are lost, and may come again once it is there. */
  awaitStore(): void {
    this.#feed = null;
    for (const channel of this.#byName.values()) this.#lose(channel);
  }

  /** Whether nobody can subscribe yet. */
  get isAwaitingStore(): boolean {
    return this.#feed === null && this.#store.isSealed;
  }

  /** Calls back in the first turn in which the store is there; see {@link isAwaitingStore}. */
  whenThere(callback: () => void): void {
    this.#whenThere.push(callback);
  }

  #noteThere(): void {
    for (const callback of this.#whenThere.splice(0)) callback();
  }

  // FeedSink: called by the feed.

  wants(epoch: number): boolean {
    return this.#byEpoch.has(epoch);
  }

  missed(): void {
    for (const channel of this.#byName.values()) this.#suspect(channel);
  }

  entry(entry: Entry): void {
    const channel = this.#byEpoch.get(entry.epoch);
    if (channel === undefined) return; // all subscribers have left since the batch was read
    if (entry.kind === ENTRY_KIND.lost) return this.#lose(channel);
    if (entry.offset === 0) return this.#pass(channel, entry);
    if (entry.offset <= channel.position) return;
    if (entry.offset === channel.position + 1) return this.#pass(channel, entry);
    // What is missing is not in the rest of the feed.
    if (this.#mayRecover) this.#recover(channel, { mayCome: false });
    else this.#suspect(channel); // the history has this entry too
  }

  get #mayRecover(): boolean {
    return this.#recoveries < RECOVERIES_A_TURN && this.#recoveredBytes < RECOVERED_A_TURN;
  }

  #pass(channel: HubChannel, entry: Entry): void {
    this.#dirty.add(channel);
    if (channel.append(entry)) channel.deliver();
  }

  /** Passes on everything behind the channel's position, or tells the subscribers that it is lost, unless it may come. */
  #recover(channel: HubChannel, { mayCome }: { readonly mayCome: boolean }): void {
    const { position: offset, epoch } = channel;
    this.#recoveries++;
    const sink = {
      entry: (entry: Entry) => {
        this.#recoveredBytes += entry.dataEnd - entry.fieldsStart;
        this.#pass(channel, entry);
      },
    };
    const found = this.#store.recover(channel.key, { offset, epoch }, RECOVERY, sink);
    const { status } = found;
    if (status === "busy") {
      this.#isBusy = true;
      return this.#suspect(channel);
    }
    this.#suspects.delete(channel);
    if (status === "read") return;
    if (!mayCome || found.epoch !== epoch) return this.#lose(channel);
    this.#awaited.add(channel, { offset: found.offset, mark: this.#feed?.end ?? 0 });
  }

  #suspect(channel: HubChannel): void {
    this.#awaited.delete(channel);
    this.#suspects.add(channel);
  }

  #recoverSuspects(): void {
    for (const channel of this.#suspects) {
      if (!this.#mayRecover || this.#isBusy) return;
      this.#recover(channel, { mayCome: true });
    }
  }

  #settleAwaited(): void {
    if (this.#awaited.isEmpty) return;
    const hasReached = (mark: number) => this.#feed?.hasReached(mark) ?? true;
    this.#awaited.settle(hasReached, (channel) => this.#lose(channel));
  }

  #deliver(): void {
    for (const channel of this.#dirty) {
      if (channel.conflation !== null) this.#release(channel);
      channel.deliver();
      if (channel.hasWaiting) channel.admit();
    }
    this.#dirty.clear();
  }

  /** Encodes what waits in a channel, unless its interval goes on. */
  #release(channel: HubChannel): void {
    channel.release();
    const { conflation } = channel;
    if (conflation === null || conflation.isEmpty) {
      this.#holding.delete(channel);
      return;
    }
    this.#holding.add(channel);
    this.#nextEnd = Math.min(this.#nextEnd, conflation.endsAt);
  }

  /** Has what waits looked at, if an interval may be over. */
  #endIntervals(): void {
    if (this.#nextEnd === Infinity || this.#conflation === undefined) return;
    if (this.#conflation.now() < this.#nextEnd) return;
    this.#nextEnd = Infinity;
    for (const channel of this.#holding) this.#dirty.add(channel);
  }

  #continueNextTurn(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#loop.defer(this);
  }

  #add(
    name: string,
    key: Uint8Array,
    at: { readonly offset: number; readonly epoch: number },
  ): HubChannel {
    const identity = {
      name,
      number: ++this.#lastNumber,
      key: isNameIn(key, name) ? undefined : key,
    };
    // The server's own channels have none.
    const interval = identity.key === undefined ? this.#conflation?.intervalOf(name) ?? 0 : 0;
    const conflation = this.#conflation === undefined || interval === 0
      ? null
      : new Conflation(interval, this.#conflation, this.#held);
    const channel = new HubChannel(identity, at, { owner: this, conflation });
    this.#byName.set(name, channel);
    this.#byEpoch.set(at.epoch, channel);
    this.#watch?.occupied(name);
    return channel;
  }

  onEncoded(appended: number): void {
    this.#timer?.encoded(appended);
  }

  onFailed(channel: HubChannel, subscribers: readonly Subscriber[], error: unknown): void {
    this.#report(error);
    for (const subscriber of subscribers) {
      this.leave(channel, subscriber);
      this.#tellLost(subscriber);
    }
  }

  #remove(channel: HubChannel): void {
    if (this.#byName.get(channel.name) === channel) {
      this.#byName.delete(channel.name);
      this.#watch?.vacated(channel.name);
    }
    this.#byEpoch.delete(channel.epoch);
    this.#suspects.delete(channel);
    this.#awaited.delete(channel);
    this.#dirty.delete(channel);
    this.#holding.delete(channel);
    channel.conflation?.clear();
  }

  /** Ends all subscriptions of a channel; what was passed on before is sent first. */
  #lose(channel: HubChannel): void {
    channel.release(true);
    channel.deliver();
    const { subscribers } = channel;
    this.#remove(channel);
    for (let i = 0; i < channel.entered; i++) this.#store.unsubscribe(channel.key);
    for (const subscriber of subscribers) this.#tellLost(subscriber);
  }

  #tellLost(subscriber: Subscriber): void {
    try {
      subscriber.lost();
    } catch (error) {
      this.#report(error);
    }
  }
}

const UTF8 = new TextEncoder();

/** Whether a key is its channel's name in UTF-8: those of the server's own channels are not. */
function isNameIn(key: Uint8Array, name: string): boolean {
  const bytes = UTF8.encode(name);
  return bytes.length === key.length && bytes.every((byte, i) => byte === key[i]);
}
