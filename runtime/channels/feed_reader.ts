/**
 * The feed, as one worker reads it: without the lock, in batches, each copied and then validated at once.
 *
 * In: the entries that were appended since the last look. Out: those that the sink wants, in order, and how many entries
 * were lost because the worker came too late. Only the worker itself polls; no writer ever waits for it. The main thread reads it for
 * an operator who watches a channel, without a bell.
 *
 * A batch is copied first, and then the head is loaded again: an entry below the head may have been overwritten while it
 * was copied, and is counted as missed; all others are whole. After `missed`, the worker compares the position of each
 * of its channels with what it delivered, recovers the difference from the history, or tells the subscribers. As a
 * general rule for a channel: an offset that was delivered already is skipped, the next one is delivered, and
 * before any later one the difference is recovered.
 */
import { BELL, HEAD, PAIR, SLOT_WORDS, TAIL } from "./layout.ts";
import { type EntrySink, RecordBuffer } from "./record_buffer.ts";
import { PUBLICATION, storedWords } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** The most entries of a batch, wanted or not. */
const BATCH = 128;
/** The most words of a batch. */
const BATCH_WORDS = 32 * 1024;
/** The words of a bell that nobody rings, of all readers without one. */
const NOBODY = new Int32Array(new SharedArrayBuffer(PAIR * 4));

/** Receives what a worker reads from the feed. */
export interface FeedSink extends EntrySink {
  /** Whether the worker has subscribers of the channel with this epoch. Called before an entry is copied. */
  wants(epoch: number): boolean;
  /** So many entries, of any channels, were lost, right before the next one. */
  missed(count: number): void;
}

/** The reader of one worker, or of somebody who only looks. */
export class FeedReader {
  readonly #words: Int32Array;
  /** Has the words of its bell: of the store, or its own. */
  readonly #bell: Int32Array;
  readonly #memory: StoreMemory;
  readonly #mask: number;
  readonly #maxRecordWords: number;
  readonly #pending: number;
  readonly #seen: number;
  readonly #behind: number;
  readonly #buffer = new RecordBuffer();
  /** The number of each record of the buffer, relative to the first entry of the batch. */
  readonly #numbers = new Int32Array(BATCH);
  #next: number;
  #isBehind = false;

  /**
   * Begins at the present end of the feed; the worker's subscriptions come later.
   *
   * @param memory the store's memory
   * @param worker the worker that reads; undefined: nobody who is rung, or whom others take into account
   * @param from the number of the first entry; default: the present end
   */
  constructor(memory: StoreMemory, worker: number | undefined, from?: number) {
    this.#words = memory.words;
    this.#memory = memory;
    this.#mask = memory.layout.slotCount - 1;
    this.#maxRecordWords = memory.layout.feedWords;
    const bell = worker === undefined ? 0 : memory.layout.bells + worker * PAIR;
    this.#bell = worker === undefined ? NOBODY : memory.words;
    this.#pending = bell + BELL.pending;
    this.#seen = bell + BELL.seen;
    this.#behind = bell + BELL.behind;
    // The predecessor of a worker may have been rung when it died.
    Atomics.store(this.#bell, this.#pending, 0);
    Atomics.store(this.#bell, this.#behind, 0);
    this.#next = from ?? Atomics.load(this.#words, TAIL);
    Atomics.store(this.#bell, this.#seen, this.#next);
  }

  /**
   * Reads up to `limit` entries, in batches; after a batch of many bytes fewer.
   *
   * @returns true if the end of the feed was reached: the bell rings for what comes later. False: poll again
   */
  poll(sink: FeedSink, limit: number): boolean {
    // Two loads in nearly every turn: a store would take the cache line from the writers.
    if (Atomics.load(this.#bell, this.#pending) !== 0) {
      // Before the tail is loaded: an entry that comes later rings again (W1, W2 of bells.ts).
      Atomics.store(this.#bell, this.#pending, 0);
    }
    for (let left = limit; left > 0; left -= BATCH) {
      const tail = Atomics.load(this.#words, TAIL);
      if (tail === this.#next) return this.#note(true);
      this.#skipLost(sink);
      this.#readBatch(sink, Math.min(BATCH, left));
    }
    return this.#note(Atomics.load(this.#words, TAIL) === this.#next);
  }

  /** The number of the next entry. */
  get position(): number {
    return this.#next;
  }

  /** The present end of the feed: what was published before is in front of it. */
  get end(): number {
    return Atomics.load(this.#words, TAIL);
  }

  /** Whether everything in front of a former {@link end} was read. */
  hasReached(end: number): boolean {
    return ((this.#next - end) | 0) >= 0;
  }

  /** Tells others whether this worker is behind; a store only if that has changed. Returns whether it is at the end. */
  #note(isAtEnd: boolean): boolean {
    if (this.#isBehind !== isAtEnd) return isAtEnd;
    this.#isBehind = !isAtEnd;
    Atomics.store(this.#bell, this.#behind, isAtEnd ? 0 : 1);
    return isAtEnd;
  }

  /** Jumps to the head if it has passed the next entry. */
  #skipLost(sink: FeedSink): void {
    const head = Atomics.load(this.#words, HEAD);
    const lost = (head - this.#next) | 0;
    if (lost <= 0) return;
    this.#next = head;
    sink.missed(lost);
  }

  #readBatch(sink: FeedSink, most: number): void {
    const words = this.#words;
    const tail = Atomics.load(words, TAIL);
    const first = this.#next;
    this.#buffer.clear();
    while (this.#next !== tail && ((this.#next - first) | 0) < most) {
      const slot = this.#memory.layout.slots + (this.#next & this.#mask) * SLOT_WORDS;
      if (sink.wants(words[slot + 1]! >>> 0)) this.#copy(words[slot]!, (this.#next - first) | 0);
      this.#next = (this.#next + 1) | 0;
      if (this.#buffer.lengthWords >= BATCH_WORDS) break;
    }
    // Orders the copies before the load of the head, also on processors that reorder loads (arm64), and tells how
    // far this worker is.
    Atomics.store(this.#bell, this.#seen, this.#next);
    const lost = (Atomics.load(words, HEAD) - first) | 0;
    if (lost <= 0) {
      this.#buffer.deliver(sink);
      return;
    }
    const read = (this.#next - first) | 0;
    sink.missed(Math.min(lost, read));
    let whole = 0;
    while (whole < this.#buffer.count && this.#numbers[whole]! < lost) whole++;
    this.#buffer.deliver(sink, whole);
  }

  /** Copies the record at an address that may be wrong if the entry is being overwritten. */
  #copy(record: number, number: number): void {
    const words = this.#words;
    if (record <= 0 || record + PUBLICATION.bytes > words.length) return;
    const count = storedWords(words, record);
    // Longer than any record: it is being overwritten, and the head tells so.
    if (count > this.#maxRecordWords || record + count > words.length) return;
    this.#numbers[this.#buffer.count] = number;
    this.#buffer.append(words, record, count);
  }
}
