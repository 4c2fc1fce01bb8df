/**
 * Per-worker multi-producer, single-consumer mailbox in shared memory, for messages to one particular worker.
 *
 * In: records, from any thread. Out: the same records in order, to the worker that owns the inbox and drains
 * it. Records are bytes of any length up to an eighth of the capacity, so that a wrap wastes little. "Full" is
 * a return value; `write` never waits. After a write the writer wakes the owner if it is parked
 * (`flags.takeIfParked`). The model is the many-to-one ring buffer of Agrona.
 *
 * ```text
 * word  0  tail: the position that the next write claims     (a pair of cache lines)
 *      32  head: the position that the next drain reads      (a pair of cache lines)
 *      64  records, each beginning at a multiple of 8 bytes:
 *
 *          0               4               8                        length   to the next 8
 *          +---------------+---------------+------------------------+--------+
 *          | length  int32 | type    int32 | payload                | unused |
 *          +---------------+---------------+------------------------+--------+
 * ```
 * `length` counts header and payload, and is stored last: 0 means claimed and not yet written, or never
 * claimed. For that to hold, the drain clears a record before it frees it. A record never wraps: if it does not
 * fit before the end, a padding record of type -1 fills the rest. Positions count bytes and wrap at 2^32 on
 * purpose: only differences are used, by `| 0`.
 *
 * A thread must not be terminated from outside while it writes: a record that was claimed and
 * never published stops the inbox there.
 */
import { INBOX_HEADER_BYTES } from "./layout.ts";

/** Receives the records of {@link Inbox.drain}. */
export interface InboxSink {
  /**
   * One record. `bytes[start, end)` is the payload, in shared memory, and valid until this returns: copy bytes
   * that must live longer. If it throws, the record counts as drained.
   */
  record(type: number, bytes: Uint8Array, start: number, end: number): void;
}

const TAIL = 0;
const HEAD = INBOX_HEADER_BYTES / 2 / 4;
const RECORDS = INBOX_HEADER_BYTES / 4;
const RECORD_HEADER_BYTES = 8;
const PADDING = -1;
/** Up to this many bytes, a loop copies faster than a view and `set` (tests/bench/ring_bench.ts). */
const SHORT_COPY = 48;

/** A ring of byte records; each thread has an object of its own over the same words. */
export class Inbox {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  readonly #mask: number;

  /**
   * @param words the block of the inbox in shared memory: exactly header and records
   * @param bytes the same records as bytes; a test may watch them
   */
  constructor(words: Int32Array, bytes: Uint8Array = recordBytes(words)) {
    this.#words = words;
    this.#bytes = bytes;
    this.#capacity = bytes.length;
    this.#mask = this.#capacity - 1;
  }

  /**
   * Initializes memory that is all 0. Called once, before other threads see it.
   *
   * @param position the first position, rounded down to a multiple of 8; a test starts just below a wrap
   */
  static initialize(words: Int32Array, position: number): void {
    // No thread reads these yet: the magic word of the header publishes the memory.
    Atomics.store(words, HEAD, position & ~7);
    Atomics.store(words, TAIL, position & ~7);
  }

  /** The longest payload that {@link write} takes, in bytes. */
  get maxPayloadBytes(): number {
    return this.#capacity / 8 - RECORD_HEADER_BYTES;
  }

  /** How many bytes are claimed, headers and padding included, 0 to the capacity. May be out of date. */
  size(): number {
    const head = Atomics.load(this.#words, HEAD);
    const tail = Atomics.load(this.#words, TAIL);
    return Math.min((tail - head) | 0, this.#capacity);
  }

  /**
   * Adds a record with a copy of `bytes[start, end)`; any thread.
   *
   * @param type the kind of record, above 0
   * @returns false if there is no room now
   * @throws {RangeError} if the type is not above 0, the payload above {@link maxPayloadBytes}, or
   * `bytes` has no such range
   */
  write(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = RECORD_HEADER_BYTES + end - start;
    // Everything that can throw comes before the claim: a record claimed and not written would stop the inbox.
    if (type <= 0 || length > this.#capacity / 8) {
      throw new RangeError(`invalid inbox record: type ${type}, ${end - start} bytes`);
    }
    if (start < 0 || start > end || end > bytes.length) {
      throw new RangeError(`the range ${start} to ${end} is outside of ${bytes.length} bytes`);
    }
    const at = this.#claim(aligned(length));
    if (at < 0) return false;
    const word = RECORDS + (at >> 2);
    this.#words[word + 1] = type;
    this.#copy(bytes, start, end, at + RECORD_HEADER_BYTES);
    // Publishes type and payload, to the drain that reads this length.
    Atomics.store(this.#words, word, length);
    return true;
  }

  /**
   * Passes the available records to `sink`, oldest first; called only by the owner of the inbox.
   *
   * @param sink must not drain this inbox itself
   * @param limit the most records to pass
   * @returns how many were passed; fewer than `limit` means that the inbox was empty, or that its next record
   * is still being written (its writer rings once it is done)
   */
  drain(sink: InboxSink, limit: number): number {
    const words = this.#words;
    let first = Atomics.load(words, HEAD) & this.#mask;
    let at = first;
    let count = 0;
    try {
      while (count < limit) {
        if (at === this.#capacity) {
          this.#free(first, at);
          first = at = 0;
        }
        const word = RECORDS + (at >> 2);
        const length = Atomics.load(words, word);
        if (length === 0) break;
        const type = words[word + 1]!;
        const payload = at + RECORD_HEADER_BYTES;
        at += aligned(length);
        if (type === PADDING) continue;
        count++;
        sink.record(type, this.#bytes, payload, payload + length - RECORD_HEADER_BYTES);
      }
    } finally {
      if (at !== first) this.#free(first, at);
    }
    return count;
  }

  /** Claims `needed` contiguous bytes and returns their offset, or -1 if there is no room. */
  #claim(needed: number): number {
    const words = this.#words;
    const capacity = this.#capacity;
    for (;;) {
      // The tail first: if the claim below succeeds, the head can only have freed more since.
      const tail = Atomics.load(words, TAIL);
      const used = (tail - Atomics.load(words, HEAD)) | 0;
      const at = tail & this.#mask;
      const padding = at + needed > capacity ? capacity - at : 0;
      if (used + padding + needed > capacity) return -1;
      const next = (tail + padding + needed) | 0;
      if (Atomics.compareExchange(words, TAIL, tail, next) !== tail) continue;
      if (padding === 0) return at;
      const word = RECORDS + (at >> 2);
      words[word + 1] = PADDING;
      // Publishes the type of the padding: the drain may skip it and continue at the start.
      Atomics.store(words, word, padding);
      return 0;
    }
  }

  /** Copies `source[start, end)`, which the caller has checked, to the payload at `at`. */
  #copy(source: Uint8Array, start: number, end: number, at: number): void {
    const bytes = this.#bytes;
    if (end - start > SHORT_COPY) {
      const whole = start === 0 && end === source.length;
      bytes.set(whole ? source : source.subarray(start, end), at);
      return;
    }
    for (let i = start; i < end; i++) bytes[at + i - start] = source[i]!;
  }

  /** Clears and frees the drained records from offset `first` to `end`. */
  #free(first: number, end: number): void {
    const words = this.#words;
    words.fill(0, RECORDS + (first >> 2), RECORDS + (end >> 2));
    const head = Atomics.load(words, HEAD);
    // Publishes that these bytes are clear and may be claimed.
    Atomics.store(words, HEAD, (head + end - first) | 0);
  }
}

/** Rounds up to a multiple of 8. */
function aligned(length: number): number {
  return (length + 7) & ~7;
}

/** The record area of a block, as bytes. */
function recordBytes(words: Int32Array): Uint8Array {
  const length = words.byteLength - INBOX_HEADER_BYTES;
  return new Uint8Array(words.buffer, words.byteOffset + INBOX_HEADER_BYTES, length);
}
