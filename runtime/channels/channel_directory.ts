/**
 * The channels: found by name, created with a new epoch, removed when nothing refers to them.
 *
 * In: names as bytes. Out: the address of a channel's record, or 0. Called only by the holder of the lock. A channel that
 * is removed and created again has another epoch and begins at offset 1: a client that comes with the old epoch is
 * told that its position cannot be recovered.
 */
import type { Followed } from "./followed.ts";
import { STATE } from "./layout.ts";
import { LEFT_SUBSCRIBER } from "./left_clients.ts";
import type { NodeKey } from "./node_table.ts";
import { isOwnChannel } from "./own_channel.ts";
import { CHANNEL, NODE, NODE_KIND, wordsFor } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";
import type { Versions } from "./versions.ts";

/** The longest name, in bytes. */
export const MAX_NAME_BYTES = 255;

/** A name, with its hash, which is computed before the lock is acquired. */
export interface HashedName extends NodeKey {
  readonly hash: number;
}

/** Finds, creates and removes channels. */
export class ChannelDirectory {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;
  readonly #versions: Versions;
  readonly #followed: Followed;

  /**
   * @param memory the store's memory
   * @param parts the versions, which go with their channels, and what is followed, which keeps its channels
   */
  constructor(memory: StoreMemory, parts: { versions: Versions; followed: Followed }) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#versions = parts.versions;
    this.#followed = parts.followed;
  }

  /** Hashes a name. @throws {RangeError} if it is empty or longer than {@link MAX_NAME_BYTES} */
  hashed(name: Uint8Array): HashedName {
    if (name.length === 0 || name.length > MAX_NAME_BYTES) {
      throw new RangeError(`a channel's name has 1 to ${MAX_NAME_BYTES} bytes, not ${name.length}`);
    }
    const key = { kind: NODE_KIND.channel, epoch: 0, key: name, hash: 0 };
    key.hash = this.#memory.table.hash(key);
    return key;
  }

  /** The channel of this name, or 0. */
  find(name: HashedName): number {
    return this.#memory.table.find(name.hash, name);
  }

  /** Words that the channel's record takes, more or less. */
  wordsOf(name: HashedName): number {
    return this.#memory.table.fixedWords(NODE_KIND.channel) + wordsFor(name.key.length);
  }

  /** Creates the channel; commits. Returns 0 if there is no room. */
  create(name: HashedName): number {
    const { table, journal } = this.#memory;
    const words = this.#words;
    const fixed = table.fixedWords(NODE_KIND.channel);
    const channel = this.#memory.allocate(this.wordsOf(name));
    if (channel === 0) return 0;
    words.fill(0, channel, channel + fixed);
    const epoch = this.nextEpoch();
    table.insert(channel, name.hash, { kind: NODE_KIND.channel, epoch, key: name.key });
    words[channel + CHANNEL.used] = this.#memory.tick;
    journal.add(STATE.channels, 1);
    if (isOwnChannel(this.#memory, channel)) journal.add(STATE.ownChannels, 1);
    journal.commit();
    return channel;
  }

  /** An epoch that no channel has; part of a transaction. */
  nextEpoch(): number {
    const epoch = (this.#words[STATE.lastEpoch]! + 1) | 0 || 1;
    this.#memory.journal.set(STATE.lastEpoch, epoch);
    return epoch;
  }

  /** The epoch of a channel: an unsigned word. */
  epochOf(channel: number): number {
    return this.#words[channel + NODE.epoch]! >>> 0;
  }

  /** Notes that the channel was used. */
  touch(channel: number): void {
    this.#memory.journal.set(channel + CHANNEL.used, this.#memory.tick);
  }

  /** Whether it had subscribers on a server before this one, which may come. */
  isAwaited(channel: number): boolean {
    return (this.#words[channel + CHANNEL.subscribers]! & LEFT_SUBSCRIBER) !== 0;
  }

  /** Whether the feed is to have what happens in it: it has subscribers, or they may come. */
  isHeard(channel: number): boolean {
    return this.subscribersOf(channel) > 0 || this.isAwaited(channel);
  }

  /** How many subscribers the channel has on all workers. */
  subscribersOf(channel: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.#memory.layout.workers; worker++) {
      sum += this.#words[channel + CHANNEL.subscribers + worker]!;
    }
    return sum & ~LEFT_SUBSCRIBER;
  }

  /** Whether nothing refers to the channel and it was not used for `idleTicks`. */
  isIdle(channel: number, idleTicks: number): boolean {
    const words = this.#words;
    return words[channel + CHANNEL.count] === 0 && words[channel + CHANNEL.members] === 0 &&
      words[channel + CHANNEL.keys] === 0 &&
      this.#memory.isPast((words[channel + CHANNEL.used]! + idleTicks) | 0) &&
      this.subscribersOf(channel) === 0 && this.#followed.find(channel) === 0;
  }

  /** Removes a channel to which nothing refers; commits. */
  remove(channel: number): void {
    const { table, journal } = this.#memory;
    const version = this.#versions.find(channel);
    const followed = this.#followed.find(channel);
    if (version !== 0) table.remove(version);
    if (followed !== 0) this.#followed.remove(followed);
    journal.add(STATE.channels, -1);
    if (isOwnChannel(this.#memory, channel)) journal.add(STATE.ownChannels, -1);
    table.remove(channel);
    if (this.#words[STATE.largest] === channel) journal.set(STATE.largest, 0);
    for (const node of [version, followed]) if (node !== 0) this.#memory.release(node);
    this.#memory.release(channel);
    journal.commit();
  }
}
