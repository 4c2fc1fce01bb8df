/**
 * The store of channels, as one thread uses it: publish, subscribe, recover, presence.
 *
 * In: names, publications and members as bytes, from a session, a route or the main thread. Out: answers at once; nothing
 * waits for another thread longer than the bound of lock.ts. `busy` and `full` are answers, and temporary. Each
 * thread has one object; workers are the writers 0 to N - 1, the main thread is writer N.
 *
 * Whoever delivers to subscribers subscribes the worker first, and then compares: `subscribe` returns the position from
 * which on the worker's feed has everything.
 *
 * Longer than 400 lines because it is the one door to all parts of the store, each call with its checks and its lock.
 */
import { Bells } from "./bells.ts";
import { ChannelDirectory, type HashedName, MAX_NAME_BYTES } from "./channel_directory.ts";
import { openChannelMemory } from "./channel_memory.ts";
import { ChannelListing, type ChannelVisitor } from "./channel_listing.ts";
import { epochOfText, EpochTexts } from "./epoch_text.ts";
import { Feed } from "./feed.ts";
import { FeedReader } from "./feed_reader.ts";
import { Followed } from "./followed.ts";
import { type EngineEpoch, Follower } from "./follower.ts";
import { Guard } from "./guard.ts";
import { History, SLICE } from "./history.ts";
import {
  type HistoryQuery,
  HistoryReader,
  type Position,
  type ReadBounds,
  type ReadResult,
} from "./history_reader.ts";
import { Idempotency } from "./idempotency.ts";
import { HEADER, SEAL, STATE } from "./layout.ts";
import { StoreLock } from "./lock.ts";
import { LEFT_SUBSCRIBER, LEFT_WORKER } from "./left_clients.ts";
import { type Member, Presence } from "./presence.ts";
import { type MemberVisitor, PresenceReader, type PresenceResult } from "./presence_reader.ts";
import {
  type Publication,
  Publisher,
  type PublishResult,
  type Replica,
  type ReplicateStatus,
} from "./publisher.ts";
import { Rates, type TokenBucket } from "./rates.ts";
import type { Entry, EntrySink } from "./record_buffer.ts";
import { CHANNEL } from "./records.ts";
import { Room } from "./room.ts";
import { isOwnName } from "./own_channel.ts";
import { type MemoryViews, StoreMemory, TICK_MS } from "./store_memory.ts";
import { type StoreFigures, storeFigures } from "./store_figures.ts";
import { Sweeper } from "./sweeper.ts";
import { Versions } from "./versions.ts";
import { WorkerRemoval } from "./worker_removal.ts";

/** What a thread brings. */
export interface ChannelStoreOptions {
  /** The number of this thread: a worker's, or the number of workers for the main thread. */
  readonly writer: number;
  /** Milliseconds of a clock that all threads share and that is never set back; may be as old as a turn of the loop. */
  readonly now: () => number;
  /** Wakes a worker so that it polls its feed; called after a publication, also for this thread itself. Must not throw. */
  readonly ring: (worker: number) => void;
  /** Called in place of ringing after each publication: the thread calls `ringBells` at the end of its turn. Must not throw. */
  readonly onMarked?: () => void;
  /** How long a dead thread's lock is left to it, in case it runs on for a moment; default 100 ms. */
  readonly graceMs?: number;
}

/**
 * The answer to a subscription. `absent`: the store has channels of an engine, and does not follow this one.
 */
export interface SubscribeResult {
  readonly status: "subscribed" | "absent" | "full" | "busy";
  /** The offset of the latest publication: the worker's feed has all later ones. */
  readonly offset: number;
  readonly epoch: number;
}

const BUSY_PUBLISH: PublishResult = { status: "busy", offset: 0, epoch: 0, subscribers: 0 };
const BUSY_SUBSCRIBE: SubscribeResult = { status: "busy", offset: 0, epoch: 0 };
const ABSENT_SUBSCRIBE: SubscribeResult = { status: "absent", offset: 0, epoch: 0 };
const FULL_SUBSCRIBE: SubscribeResult = { status: "full", offset: 0, epoch: 0 };
/** A channel in which nothing is left is kept for a minute: a client that reconnects finds its epoch again. */
const IDLE_MS = 60_000;
/** The longest text of an epoch. */
const MAX_EPOCH_BYTES = 32;

/** The store; see `openChannelStore`. */
export class ChannelStore {
  readonly #memory: StoreMemory;
  readonly #writer: number;
  readonly #lock: StoreLock;
  readonly #bells: Bells;
  readonly #guard: Guard;
  readonly #directory: ChannelDirectory;
  readonly #history: History;
  readonly #sweeper: Sweeper;
  readonly #room: Room;
  readonly #publisher: Publisher;
  readonly #rates: Rates;
  readonly #now: () => number;
  readonly #followed: Followed;
  readonly #follower: Follower;
  readonly #presence: Presence;
  readonly #historyReader: HistoryReader;
  readonly #presenceReader: PresenceReader;
  readonly #listing: ChannelListing;
  readonly #epochTexts: EpochTexts;
  /** What must be done and found the store busy. */
  readonly #deferred: (() => void)[] = [];

  /**
   * @param views the views of the shared memory; a test may watch them
   * @param options the thread's part
   */
  constructor(views: MemoryViews, { writer, now, ring, onMarked, graceMs }: ChannelStoreOptions) {
    const memory = new StoreMemory(views);
    const feed = new Feed(memory);
    const versions = new Versions(memory);
    const idempotency = new Idempotency(memory);
    const history = new History(memory);
    const rates = new Rates(memory);
    const followed = new Followed(memory);
    const directory = new ChannelDirectory(memory, { versions, followed });
    const bells = new Bells(memory, ring, onMarked);
    const lock = new StoreLock(memory.words, writer, graceMs);
    const guard = new Guard({ memory, lock, feed, bells, now });
    const sweeper = new Sweeper({ memory, directory, history, idempotency, rates });
    const room = new Room({ memory, directory, history, sweeper });
    const stores = { memory, directory, history, feed, bells, room, versions, followed };
    const parts = { ...stores, idempotency, guard };
    const presence = new Presence(parts);
    this.#memory = memory;
    this.#writer = writer;
    this.#lock = lock;
    this.#bells = bells;
    this.#guard = guard;
    this.#directory = directory;
    this.#history = history;
    this.#sweeper = sweeper;
    this.#room = room;
    this.#publisher = new Publisher(parts);
    this.#rates = rates;
    this.#now = now;
    this.#followed = followed;
    this.#follower = new Follower(parts);
    this.#presence = presence;
    this.#historyReader = new HistoryReader(parts);
    this.#presenceReader = new PresenceReader({ ...parts, presence });
    this.#listing = new ChannelListing(parts);
    this.#epochTexts = new EpochTexts(memory.words[HEADER.epochBase]!);
  }

  /** The most bytes of fields and data of a publication, or of the info of a member. */
  get maxEntryBytes(): number {
    return this.#publisher.maxBytes;
  }

  /**
   * Stores a publication and enters it in the feed of all workers with subscribers.
   *
   * @throws {RangeError} if the name is not 1 to 255 bytes long, the publication longer than {@link maxEntryBytes},
   * the version not a whole number from 1 to 2^53 - 1, or a key or a version epoch longer than 255 bytes
   */
  publish(name: Uint8Array, publication: Publication): PublishResult {
    const hashed = this.#directory.hashed(name);
    this.#check(publication);
    if (!this.#guard.begin()) return BUSY_PUBLISH;
    try {
      return this.#publisher.publish(hashed, publication);
    } finally {
      this.#guard.end();
    }
  }

  /**
   * Makes a channel a copy of that of an engine, from a position on: what is published behind it is to be replicated. Unless the
   * channel is there already it begins in a new epoch, and its subscribers are told that it is lost. By the main thread.
   *
   * @throws {RangeError} if the epoch is not 1 to 32 characters of Latin-1 long
   */
  follow(name: Uint8Array, { epoch, offset }: EngineEpoch): "followed" | "full" | "busy" {
    const hashed = this.#directory.hashed(name);
    const start = { text: latin1(epoch), offset };
    const isAt = this.#guard.run(() => this.#follower.isAt(this.#directory.find(hashed), start));
    if (isAt === true) return "followed";
    // In slices, as it may be long.
    if (isAt === undefined || !this.removeHistory(name)) return "busy";
    const isFollowed = this.#guard.run(() => this.#follower.follow(hashed, start));
    if (isFollowed === undefined) return "busy";
    return isFollowed ? "followed" : "full";
  }

  /** Stores what an engine has published in a followed channel, and enters it in the feed; see {@link ReplicateStatus}. */
  replicate(name: Uint8Array, replica: Replica): ReplicateStatus {
    const hashed = this.#directory.hashed(name);
    return this.#guard.run(() => this.#publisher.replicate(hashed, replica)) ?? "busy";
  }

  /** Ends the subscriptions of a channel, which is followed no more: it cannot be made up for what was lost. By the main thread. */
  lose(name: Uint8Array): "lost" | "full" | "busy" {
    const hashed = this.#directory.hashed(name);
    if (!this.removeHistory(name)) return "busy";
    const isLost = this.#guard.run(() => {
      const channel = this.#directory.find(hashed);
      return channel === 0 || this.#follower.lose(channel);
    });
    if (isLost === undefined) return "busy";
    return isLost ? "lost" : "full";
  }

  /** Removes a followed channel, unless a worker has subscribers. By the main thread. */
  unfollow(name: Uint8Array): "unfollowed" | "used" | "busy" {
    const hashed = this.#directory.hashed(name);
    const used = this.subscriberCount(name);
    if (used === undefined) return "busy";
    if (used > 0) return "used";
    if (!this.removeHistory(name)) return "busy";
    return this.#guard.run(() => {
      const channel = this.#directory.find(hashed);
      if (channel === 0 || this.#followed.find(channel) === 0) return "unfollowed";
      // One may have come in between.
      if (this.#directory.subscribersOf(channel) > 0) return "used";
      this.#directory.remove(channel);
      return "unfollowed";
    }) ?? "busy";
  }

  /** Counts a subscriber of this worker; creates the channel if there is none, unless it would have to be followed. */
  subscribe(name: Uint8Array): SubscribeResult {
    this.#requireWorker();
    const hashed = this.#directory.hashed(name);
    if (!this.#settled()) return BUSY_SUBSCRIBE;
    return this.#guard.run((): SubscribeResult => {
      if (!this.#maySubscribe(hashed)) return ABSENT_SUBSCRIBE;
      const channel = this.#room.channel(hashed);
      if (channel === 0) return FULL_SUBSCRIBE;
      this.#addSubscribers(channel, 1);
      const offset = this.#history.offsetOf(channel);
      return { status: "subscribed", offset, epoch: this.#directory.epochOf(channel) };
    }) ?? BUSY_SUBSCRIBE;
  }

  /** Takes back one `subscribe` of this worker. If the store is busy, it is done at the next `settle`. */
  unsubscribe(name: Uint8Array): void {
    this.#requireWorker();
    const hashed = this.#directory.hashed(name);
    this.#eventually(() => {
      const channel = this.#directory.find(hashed);
      if (channel !== 0) this.#addSubscribers(channel, -1);
    });
  }

  /** The subscribers of a channel on all workers; undefined if the store is busy. */
  subscriberCount(name: Uint8Array): number | undefined {
    const hashed = this.#directory.hashed(name);
    return this.#guard.run(() => {
      const channel = this.#directory.find(hashed);
      return channel === 0 ? 0 : this.#directory.subscribersOf(channel);
    });
  }

  /** The feed of this worker from now on. Once per thread, before its first `subscribe`. */
  openFeed(): FeedReader {
    this.#requireWorker();
    return new FeedReader(this.#memory, this.#writer);
  }

  /** The feed from now on, for somebody who looks at it now and then, on any thread: no writer rings for that. */
  watchFeed(): FeedReader {
    return new FeedReader(this.#memory, undefined);
  }

  /**
   * Passes what the feed has of the channel with this epoch since this process goes on with the channels of another one: what no history
   * has is there.
   *
   * @param end where a reader of the feed is
   * @returns false if some of it is gone
   */
  readSinceMove(epoch: number, end: number, sink: EntrySink): boolean {
    return this.readFeed(epoch, { from: this.#memory.words[STATE.movedAt]!, end }, sink);
  }

  /** Passes what the feed has of the channel with this epoch between two positions of readers. Returns false if some of it is gone. */
  readFeed(
    epoch: number,
    { from, end }: { readonly from: number; readonly end: number },
    sink: EntrySink,
  ): boolean {
    if (from === end) return true;
    const reader = new FeedReader(this.#memory, undefined, from);
    let isWhole = true;
    const all = {
      wants: (other: number) => other === epoch,
      missed: () => void (isWhole = false),
      entry: (entry: Entry) => sink.entry(entry),
    };
    while (isWhole && !reader.hasReached(end)) reader.poll(all, (end - reader.position) | 0);
    return isWhole;
  }

  /** Passes everything behind a position to `sink`, or nothing; see {@link ReadResult}. */
  recover(name: Uint8Array, since: Position, bounds: ReadBounds, sink: EntrySink): ReadResult {
    return this.#historyReader.recover(this.#directory.hashed(name), since, bounds, sink);
  }

  /** Passes a page of the history to `sink`. */
  history(name: Uint8Array, query: HistoryQuery, sink: EntrySink): ReadResult {
    return this.#historyReader.history(this.#directory.hashed(name), query, sink);
  }

  /** Removes the history of a channel and keeps its offset and epoch. Returns false if the store is busy: try again. */
  removeHistory(name: Uint8Array): boolean {
    const hashed = this.#directory.hashed(name);
    for (let left = true; left;) {
      const result = this.#guard.run(() => {
        const channel = this.#directory.find(hashed);
        if (channel === 0) return false;
        this.#history.trimTo(channel, 0, SLICE);
        return this.#memory.words[channel + CHANNEL.count]! > 0;
      });
      if (result === undefined) return false;
      left = result;
    }
    return true;
  }

  /**
   * Enters a client of this worker into a channel; a member with the same client id is replaced.
   *
   * @throws {RangeError} if the info is longer than {@link maxEntryBytes}, or an id longer than 255 bytes
   */
  join(name: Uint8Array, member: Member): "joined" | "full" | "busy" {
    this.#requireWorker();
    const hashed = this.#directory.hashed(name);
    requireAtMost("a client id", member.client.length, MAX_NAME_BYTES);
    requireAtMost("a user id", member.user.length, MAX_NAME_BYTES);
    requireAtMost("the info of a client", member.info.length, this.maxEntryBytes);
    if (!this.#settled()) return "busy";
    return this.#guard.run(() => {
      const channel = this.#room.channel(hashed);
      const joined = channel !== 0 && this.#presence.join(channel, this.#writer, member);
      return joined ? "joined" : "full";
    }) ?? "busy";
  }

  /** A member of a server before this one has come to this worker. @returns whether there was such a member */
  rejoin(name: Uint8Array, client: Uint8Array): boolean {
    this.#requireWorker();
    const hashed = this.#directory.hashed(name);
    return this.#guard.run(() => {
      const channel = this.#directory.find(hashed);
      return channel !== 0 && this.#presence.rejoin(channel, this.#writer, client);
    }) ?? false;
  }

  /** Removes a client from a channel. If the store is busy, it is done at the next `settle`. */
  leave(name: Uint8Array, client: Uint8Array): void {
    const hashed = this.#directory.hashed(name);
    this.#eventually(() => {
      const channel = this.#directory.find(hashed);
      if (channel !== 0) this.#presence.leave(channel, client);
    });
  }

  /**
   * Takes a token from each of some buckets that all threads share, or from none: then the first that has none is returned. `full`:
   * buckets have a part of the memory, and there are as many in use.
   */
  takeTokens(buckets: readonly TokenBucket[]): "taken" | "full" | "busy" | TokenBucket {
    const now = this.#now();
    return this.#guard.run(() => this.#rates.take(buckets, now, this.#room)) ?? "busy";
  }

  /** Passes the members of a channel to `visitor`, unless there are more than `limit`. */
  presence(name: Uint8Array, limit: number, visitor: MemberVisitor): PresenceResult {
    return this.#presenceReader.members(this.#directory.hashed(name), limit, visitor);
  }

  /** Counts the members of a channel. */
  presenceStats(name: Uint8Array): PresenceResult {
    return this.#presenceReader.counts(this.#directory.hashed(name));
  }

  /** Passes all channels to `visitor`. Returns false if the store was busy: the list is not complete. */
  channels(visitor: ChannelVisitor): boolean {
    return this.#listing.visit(visitor);
  }

  /**
   * Passes some channels to `visitor`, for who must not take long in one turn.
   *
   * @param first 0, or what the last call returned
   * @returns where to go on, 0 after the last channel; undefined if the store was busy
   */
  channelsFrom(first: number, visitor: ChannelVisitor): number | undefined {
    return this.#listing.page(first, visitor);
  }

  /** Does what was deferred because the store was busy; called in each turn of a worker's loop. */
  settle(): void {
    while (this.#deferred.length > 0) {
      if (this.#guard.run(this.#deferred[0]!) === undefined) return;
      this.#deferred.shift();
    }
  }

  /**
   * Gives back memory of what has expired; called by the main thread a few times a second.
   *
   * @param share the part of the store to visit, above 0 up to 1; all of 64 MiB is 131,072 buckets, a few milliseconds
   */
  sweep(share: number): void {
    const buckets = Math.ceil(this.#memory.table.bucketCount * Math.min(1, share));
    const rule = { idleTicks: IDLE_MS / TICK_MS, keep: 0 };
    for (let visited = 0; visited < buckets; visited += SLICE) {
      const count = Math.min(SLICE, buckets - visited);
      if (this.#guard.run(() => (this.#sweeper.step(count, rule), true)) === undefined) return;
    }
  }

  /**
   * Declares a thread dead; called by the main thread when a worker has ended, in whatever state. What the worker had not
   * finished is taken back, the workers are rung, and its number is free once the result has done its steps.
   */
  removeWorker(worker: number): WorkerRemoval {
    if (this.#lock.takeFrom(worker)) {
      const state = this.#memory.words;
      state[STATE.rolledBack] = state[STATE.rolledBack]! + 1;
      this.#guard.end();
    }
    // The worker may have died before it rang for what it had published.
    this.#bells.markAll();
    this.#bells.ring();
    const [memory, guard] = [this.#memory, this.#guard];
    const on = { memory, guard, directory: this.#directory, presence: this.#presence };
    return new WorkerRemoval(on, worker);
  }

  /** Whether nothing changes here, as another process goes on with the channels, or is about to give this one its own. */
  get isSealed(): boolean {
    return this.#guard.isSealed;
  }

  /**
   * Ends every change of the store, on all threads: they are told that it is busy. By the main thread. From then on the memory is what
   * another process goes on with, or is filled with another process's; see store_move.ts.
   *
   * @param why whether it is given to another process, and stays as it is, or awaits another one's
   * @returns false if the store is busy: try again
   */
  seal(why: "given" | "awaiting" = "given"): boolean {
    if (this.isSealed) return true;
    return this.#guard.run(() => {
      Atomics.store(this.#memory.words, STATE.sealed, SEAL[why]);
      return true;
    }) ?? false;
  }

  /** Takes that back: nothing came of it. By the main thread. */
  unseal(): void {
    // Publishes only itself.
    Atomics.store(this.#memory.words, STATE.sealed, SEAL.open);
  }

  /** Removes what is left of the clients of a replaced server that have not come; members are announced as those of a dead worker. */
  removeLeft(): WorkerRemoval {
    const [memory, guard] = [this.#memory, this.#guard];
    const on = { memory, guard, directory: this.#directory, presence: this.#presence };
    return new WorkerRemoval(on, LEFT_WORKER);
  }

  /** Rings the workers for which this thread has published; see `onMarked`. */
  ringBells(): void {
    this.#bells.ringMarked();
  }

  /** 16 secret random bytes, the same in all threads of this run. */
  get sharedKey(): Uint8Array {
    const { words } = this.#memory;
    return new Uint8Array(words.slice(HEADER.sharedKey, HEADER.sharedKey + 4).buffer);
  }

  /**
   * The text of an epoch, for clients: that of the engine if the channel is followed. If it is not followed any more, or the
   * store is busy, it is a text that no channel of an engine has: a position that will be lost.
   */
  epochText(epoch: number): string {
    if (this.#memory.words[STATE.followed] !== 0) {
      const text = this.#guard.read(() => {
        const node = this.#followed.findEpoch(epoch);
        return node === 0 ? undefined : this.#followed.textOf(node);
      });
      if (text !== undefined) return String.fromCharCode(...text);
    }
    return this.#epochTexts.of(epoch);
  }

  /** The epoch of a text, or 0, which no channel has, if it is none of this run. */
  epochOfText(text: string): number {
    return epochOfText(this.#memory.words[HEADER.epochBase]!, text);
  }

  /** The figures of the whole store, for metrics; read without the lock, so they may not fit together exactly. */
  figures(): StoreFigures {
    return storeFigures(this.#memory);
  }

  /** Whether the channel is one of the server itself, or followed, or no channel has to be. */
  #maySubscribe(name: HashedName): boolean {
    if (this.#memory.words[HEADER.engine] === 0 || isOwnName(name.key)) return true;
    const channel = this.#directory.find(name);
    return channel !== 0 && this.#followed.find(channel) !== 0;
  }

  #addSubscribers(channel: number, delta: number): void {
    const count = channel + CHANNEL.subscribers + this.#writer;
    const word = this.#memory.words[count]!;
    // 0 after the worker was removed: a late unsubscription changes nothing.
    const subscribers = Math.max(0, (word & ~LEFT_SUBSCRIBER) + delta);
    this.#memory.journal.set(count, (word & LEFT_SUBSCRIBER) | subscribers);
    this.#directory.touch(channel);
    this.#memory.journal.commit();
  }

  /** Whether nothing is deferred any more: a client that left and joins again must not leave after that. */
  #settled(): boolean {
    this.settle();
    return this.#deferred.length === 0;
  }

  /** Runs an action now, or at the next `settle`; actions keep their order. */
  #eventually(action: () => void): void {
    this.#deferred.push(() => (action(), true));
    this.settle();
  }

  #requireWorker(): void {
    if (this.#writer >= this.#memory.layout.workers) {
      throw new TypeError("only a worker has subscribers and members");
    }
  }

  #check({ data, fields, idempotencyKey, version }: Publication): void {
    requireAtMost("a publication", data.length + (fields?.length ?? 0), this.maxEntryBytes);
    requireAtMost("an idempotency key", idempotencyKey?.length ?? 0, MAX_NAME_BYTES);
    if (version === undefined) return;
    requireAtMost("a version epoch", version.versionEpoch.length, MAX_NAME_BYTES);
    if (!Number.isSafeInteger(version.version) || version.version < 1) {
      throw new RangeError(`a version is a whole number above 0, not ${version.version}`);
    }
  }
}

/**
 * Opens the store in this thread.
 *
 * @throws {TypeError} if the memory was not made by `createChannelMemory`
 */
export function openChannelStore(
  memory: SharedArrayBuffer,
  options: ChannelStoreOptions,
): ChannelStore {
  return new ChannelStore(openChannelMemory(memory), options);
}

function latin1(text: string): Uint8Array {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  // deno-lint-ignore no-control-regex -- every byte is allowed, and nothing above
  if (text.length > 0 && text.length <= MAX_EPOCH_BYTES && /^[\x00-\xff]*$/.test(text)) {
    return bytes;
  }
  throw new RangeError(`an epoch has 1 to ${MAX_EPOCH_BYTES} characters of Latin-1, not "${text}"`);
}

function requireAtMost(what: string, bytes: number, most: number): void {
  if (bytes > most) throw new RangeError(`${what} has at most ${most} bytes, not ${bytes}`);
}
