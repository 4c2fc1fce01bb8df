/**
 * The feed, as writers see it: a ring of references to the newest entries of all channels, in one order.
 *
 * In: records, under the lock. Out: entries that every worker reads without the lock (feed_reader.ts). An entry is never
 * kept for a reader: the oldest ones give way, and a reader that comes too late knows how many it missed.
 *
 * ```text
 * slot:   0 address of the record   1 epoch of its channel
 *
 *   ── released ──┬── being released ──┬── readable ──┬── next
 *            feedReleased             head           tail = feedNext, stored when the transaction is final
 * ```
 * Numbers of entries wrap at 2^32 on purpose: only differences are used, by `| 0`.
 */
import { HEAD, SLOT_WORDS, STATE, TAIL } from "./layout.ts";
import { IN_FEED, IN_HISTORY, PUBLICATION } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Entries that give way together: one pair of fences for all of them. */
const BATCH = 32;

/** The writers' side of the feed. */
export class Feed {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;
  readonly #mask: number;

  /** @param memory the store's memory */
  constructor(memory: StoreMemory) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#mask = memory.layout.slotCount - 1;
  }

  /** The longest block that the feed takes: an eighth, so that it always holds several. */
  get maxBlockWords(): number {
    return this.#memory.layout.feedWords >> 3;
  }

  /** Lets the oldest entries go until a block of `words` fits; commits. Called between transactions. */
  makeRoom(words: number): void {
    const state = this.#words;
    const { feedWords } = this.#memory.layout;
    for (;;) {
      const length = (state[STATE.feedNext]! - state[STATE.feedReleased]!) | 0;
      if (length <= this.#mask && state[STATE.feedWords]! + words <= feedWords) return;
      this.#releaseOldest(Math.min(BATCH, length));
    }
  }

  /** Enters a record that this transaction has allocated, at the end of the transaction. */
  append(record: number): void {
    const words = this.#words;
    const number = words[STATE.feedNext]!;
    const slot = this.#slot(number);
    // No reader looks at this slot before the tail is stored.
    words[slot] = record;
    words[slot + 1] = words[record + PUBLICATION.epoch]!;
    words[record + PUBLICATION.flags] = words[record + PUBLICATION.flags]! | IN_FEED;
    const { journal, heap } = this.#memory;
    journal.add(STATE.feedWords, heap.wordsOf(record));
    journal.set(STATE.feedNext, (number + 1) | 0);
  }

  /** Shows readers all entries whose transactions are final; called before the lock is released. */
  publish(): void {
    const next = this.#words[STATE.feedNext]!;
    // Publishes the slots before it and their records, to the workers.
    if (this.#words[TAIL] !== next) Atomics.store(this.#words, TAIL, next);
  }

  #slot(number: number): number {
    return this.#memory.layout.slots + (number & this.#mask) * SLOT_WORDS;
  }

  /** Lets the `count` oldest entries go. */
  #releaseOldest(count: number): void {
    const words = this.#words;
    const { journal } = this.#memory;
    const end = (words[STATE.feedReleased]! + count) | 0;
    // Readers must see the new head before anything of these records is overwritten. The head is not in the journal: it
    // only rises. The load keeps the plain stores behind it on processors that reorder stores (arm64).
    this.publish();
    Atomics.store(words, HEAD, end);
    Atomics.load(words, HEAD);
    while (words[STATE.feedReleased] !== end) {
      const number = words[STATE.feedReleased]!;
      this.#release(words[this.#slot(number)]!);
      journal.set(STATE.feedReleased, (number + 1) | 0);
      journal.commit();
    }
  }

  #release(record: number): void {
    const { journal, heap } = this.#memory;
    const flags = this.#words[record + PUBLICATION.flags]! & ~IN_FEED;
    journal.add(STATE.feedWords, -heap.wordsOf(record));
    if ((flags & IN_HISTORY) === 0) heap.free(record);
    else journal.set(record + PUBLICATION.flags, flags);
  }
}
