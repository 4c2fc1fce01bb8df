/**
 * The doorbells: which workers must look at the feed, each rung once until it has looked.
 *
 * In: the channels that got an entry, under the lock; then `ring` after it is released. Out: calls of the thread's own
 * `ring` function, which wakes a worker (an eventfd, a message) and may be called for the thread's own worker. A thread
 * that may publish more in its turn of the loop rings at the end of the turn, once for all: until then it has claimed no
 * bell, so that others ring it, however long the turn takes.
 *
 * ```text
 * pending word of a worker: 1 from the first ring until the worker looks
 * writer   P1 the entry is in the feed (tail stored)     worker   W1 pending = 0
 *          P2 pending 0 → 1: ring, else nothing                   W2 load the tail
 * ```
 * All are sequentially consistent. If P2 finds 1, W1 comes after it, so W2 sees the tail of P1: nothing is missed.
 */
import { BELL, PAIR } from "./layout.ts";
import { CHANNEL } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** The bells as one writer rings them. */
export class Bells {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #ring: (worker: number) => void;
  readonly #onMarked: (() => void) | undefined;
  readonly #marked: Uint8Array;
  #anyMarked = false;

  /**
   * @param memory the store's memory
   * @param ring wakes a worker
   * @param onMarked called in place of ringing at once: the caller calls {@link ringMarked} in a moment
   */
  constructor(memory: StoreMemory, ring: (worker: number) => void, onMarked?: () => void) {
    this.#words = memory.words;
    this.#first = memory.layout.bells;
    this.#ring = ring;
    this.#onMarked = onMarked;
    this.#marked = new Uint8Array(memory.layout.workers);
  }

  /** Marks the workers with subscribers of this channel; called under the lock. */
  markSubscribers(channel: number): void {
    const words = this.#words;
    const marked = this.#marked;
    for (let worker = 0; worker < marked.length; worker++) {
      if (words[channel + CHANNEL.subscribers + worker] === 0) continue;
      marked[worker] = 1;
      this.#anyMarked = true;
    }
  }

  /** Marks every worker. */
  markAll(): void {
    this.#marked.fill(1);
    this.#anyMarked = true;
  }

  /** Rings the marked workers, at once or in a moment; called after the lock is released. */
  ring(): void {
    if (!this.#anyMarked) return;
    if (this.#onMarked === undefined) this.ringMarked();
    else this.#onMarked();
  }

  /** Rings the marked workers that no thread has rung since they looked. */
  ringMarked(): void {
    if (!this.#anyMarked) return;
    this.#anyMarked = false;
    const words = this.#words;
    for (let worker = 0; worker < this.#marked.length; worker++) {
      if (this.#marked[worker] === 0) continue;
      this.#marked[worker] = 0;
      const pending = this.#first + worker * PAIR + BELL.pending;
      // A read first: in a burst the flag is set already, and the cache line stays shared.
      if (Atomics.load(words, pending) !== 0) continue;
      if (Atomics.compareExchange(words, pending, 0, 1) === 0) this.#ring(worker);
    }
  }
}
