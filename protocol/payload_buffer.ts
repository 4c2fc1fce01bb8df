/**
 * A payload that arrives in pieces, with room for a frame header in front of it.
 *
 * In: pieces, and the payload length that a frame header declares. Out: the payload as (bytes, start,
 * end). Called by the frame reader. It owns a buffer of the pool from the first piece until `release()`.
 * For a declared length, at most the pool's `preallocationLimit` or FIRST_BYTES is allocated at once. The
 * buffer then grows as bytes arrive, to at most twice as many, at the cost of copies.
 */

import { copyBytes } from "./copy_bytes.ts";
import type { MessageBufferPool } from "./message_buffer_pool.ts";

/** Free bytes in front: the longest unmasked header has 10, and 16 keeps the payload word-aligned. */
export const HEADROOM = 16;
/** Allocated for a declared length if the pool has lent much: all that a peer gets by sending only headers. */
const FIRST_BYTES = 256 * 1024 - HEADROOM;

/** Stands for "no buffer": an empty array, so nothing can be written to it. */
const NONE = new Uint8Array(0);

/** Collects one payload at a time. */
export class PayloadBuffer {
  /** The buffer, or an empty array if there is none. */
  bytes: Uint8Array<ArrayBuffer> = NONE;
  /** Where the payload begins in {@link bytes}. */
  readonly start = HEADROOM;
  /** Where the payload ends so far. */
  end = HEADROOM;
  readonly #pool: MessageBufferPool;

  /** @param pool lends the buffers */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** Whether there is a buffer, even if its payload is still empty. */
  get hasBuffer(): boolean {
    return this.bytes !== NONE;
  }

  /** Payload bytes so far. */
  get length(): number {
    return this.end - this.start;
  }

  /** Appends `source[from, to)`; `declared` is the declared number of bytes to come, including these. */
  append(source: Uint8Array, from: number, to: number, declared: number): void {
    const count = to - from;
    this.makeRoom(count, declared);
    copyBytes(this.bytes, this.end, source, from, to);
    this.end += count;
  }

  /**
   * Makes room for `count` more bytes after {@link end}, and for as many of the `declared` bytes as the
   * pool allows. Moves the payload to another buffer if necessary.
   */
  makeRoom(count: number, declared: number): void {
    const needed = this.end + count;
    if (this.bytes !== NONE && needed <= this.bytes.length) return;
    const whole = this.end + declared;
    const limit = Math.max(2 * this.length, this.#pool.preallocationLimit, FIRST_BYTES) + HEADROOM;
    const grown = this.#pool.take(Math.max(needed, Math.min(whole, limit)), whole);
    copyBytes(grown, this.start, this.bytes, this.start, this.end);
    if (this.bytes !== NONE) this.#pool.give(this.bytes);
    this.bytes = grown;
  }

  /** Gives the buffer back and forgets the payload. */
  release(): void {
    if (this.bytes !== NONE) this.#pool.give(this.bytes);
    this.#forget();
  }

  /** Drops the payload while the transport may still write to the buffer: it is never reused. */
  abandon(): void {
    if (this.bytes !== NONE) this.#pool.forget(this.bytes);
    this.#forget();
  }

  #forget(): void {
    this.bytes = NONE;
    this.end = this.start;
  }
}
