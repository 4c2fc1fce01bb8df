/**
 * Makes room in a store that is full, and decides whose history gives way.
 *
 * In: the channel that needs room, and how much. Out: whether there is room now; if not, the publisher gets an error and
 * no history was given up for it. Called only by the holder of the lock, between transactions.
 *
 * In this order: what has expired anywhere; the history of a channel that holds more than an eighth of the memory and
 * more than the one that needs room; the channel's own history. A quiet channel thus keeps its history whatever a busy
 * one does, and can publish beside it. A channel without much history never takes from others of its kind.
 */
import type { ChannelDirectory, HashedName } from "./channel_directory.ts";
import type { History } from "./history.ts";
import { STATE } from "./layout.ts";
import { CHANNEL } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";
import type { Sweeper } from "./sweeper.ts";

/** Buckets that a publisher searches for expired things: about 10 µs. */
const SWEPT_BUCKETS = 64;

/** Makes room. */
export class Room {
  readonly #memory: StoreMemory;
  readonly #history: History;
  readonly #directory: ChannelDirectory;
  readonly #sweeper: Sweeper;

  /** @param on what it works on */
  constructor(
    on: {
      memory: StoreMemory;
      directory: ChannelDirectory;
      history: History;
      sweeper: Sweeper;
    },
  ) {
    this.#memory = on.memory;
    this.#directory = on.directory;
    this.#history = on.history;
    this.#sweeper = on.sweeper;
  }

  /** The channel of this name; one that did not exist is created. 0 if there is no room for it. */
  channel(name: HashedName): number {
    const channel = this.#directory.find(name);
    if (channel !== 0) return channel;
    return this.make(0, this.#directory.wordsOf(name)) ? this.#directory.create(name) : 0;
  }

  /**
   * Makes room for `words` more words, and commits.
   *
   * @param channel the channel that needs them, or 0; it is not removed here
   * @returns false if there is none
   */
  make(channel: number, words: number): boolean {
    if (this.#memory.fits(words)) return true;
    const done = this.#expire(channel, words) || this.#takeHistory(channel, words);
    if (!done) this.refuse();
    return done;
  }

  /**
   * Removes about `words` words of history, of the largest channel or else of the given one; commits.
   *
   * @returns false if neither has any to give
   */
  evict(channel: number, words: number): boolean {
    const largest = this.#memory.words[STATE.largest]!;
    const victim = this.#spareOf(largest, channel) > 0 ? largest : channel;
    const enough = Math.max(0, this.#historyOf(victim) - words);
    if (this.#historyOf(victim) === 0) return false;
    while (this.#historyOf(victim) > enough) this.#evict(victim);
    return true;
  }

  /** Removes some of what has expired; commits. */
  expire(): void {
    this.#sweeper.step(SWEPT_BUCKETS, { idleTicks: 0, keep: 0 });
  }

  /** Counts an operation that found no room. */
  refuse(): void {
    const state = this.#memory.words;
    state[STATE.refused] = state[STATE.refused]! + 1;
  }

  #expire(channel: number, words: number): boolean {
    if (channel !== 0) this.#history.expire(channel);
    if (this.#memory.fits(words)) return true;
    this.#sweeper.step(SWEPT_BUCKETS, { idleTicks: 0, keep: channel });
    return this.#memory.fits(words);
  }

  /** Takes from the largest channel and then from the own history, or from neither if both are not enough. */
  #takeHistory(channel: number, words: number): boolean {
    const largest = this.#memory.words[STATE.largest]!;
    const spare = this.#spareOf(largest, channel);
    if (!this.#memory.fits(words - spare - this.#historyOf(channel))) return false;
    while (!this.#memory.fits(words) && this.#spareOf(largest, channel) > 0) this.#evict(largest);
    while (!this.#memory.fits(words)) this.#evict(channel);
    return true;
  }

  /** Words of history that the largest channel gives up for another one. */
  #spareOf(largest: number, channel: number): number {
    if (largest === channel) return 0;
    const fair = Math.max(this.#historyOf(channel), this.#memory.layout.usableWords >> 3);
    return Math.max(0, this.#historyOf(largest) - fair);
  }

  /** Words of a channel's history; 0 for no channel. */
  #historyOf(channel: number): number {
    return channel === 0 ? 0 : this.#memory.words[channel + CHANNEL.words]!;
  }

  #evict(channel: number): void {
    this.#history.trimOldest(channel);
    const state = this.#memory.words;
    state[STATE.evicted] = state[STATE.evicted]! + 1;
  }
}
