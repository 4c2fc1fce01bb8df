/**
 * A payload that is gathered piece by piece, with room for a frame header in front of it.
 *
 * In: pieces, and how many bytes a header promises beyond them. Out: the payload as (bytes, start,
 * end). It owns a buffer of the pool from the first piece until `release()`. A promise is believed as
 * long as the pool has lent little in all; then not beyond FIRST_BYTES, after which memory grows only
 * as bytes really arrive, at the cost of copies.
 */

import { copyBytes } from "./copy_bytes.ts";
import type { MessageBufferPool } from "./message_buffer_pool.ts";

/** Bytes kept free in front: the longest unmasked header is 10, and 16 keeps the words aligned. */
export const HEADROOM = 16;
/** What a promise alone is worth in bad times. A peer that sends only headers holds no more than this. */
const FIRST_BYTES = 256 * 1024 - HEADROOM;

/** What stands for "no buffer": it has no bytes, so nothing can be written to it. */
const NONE = new Uint8Array(0);

/** Gathers one payload at a time. */
export class PayloadBuffer {
  /** The buffer, or an empty one when there is none. */
  bytes: Uint8Array<ArrayBuffer> = NONE;
  /** Where the payload begins in {@link bytes}. */
  readonly start = HEADROOM;
  /** Where it ends so far. */
  end = HEADROOM;
  readonly #pool: MessageBufferPool;

  /** @param pool lends the buffers */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** Whether there is a buffer, be it still without a payload. */
  get held(): boolean {
    return this.bytes !== NONE;
  }

  /** Bytes gathered. */
  get length(): number {
    return this.end - this.start;
  }

  /** Appends `source[from, to)`; `promised` bytes, these included, are said to come. */
  append(source: Uint8Array, from: number, to: number, promised: number): void {
    const count = to - from;
    this.makeRoom(count, promised);
    copyBytes(this.bytes, this.end, source, from, to);
    this.end += count;
  }

  /**
   * Makes room for `count` more bytes after {@link end}, and for as many of the `promised` ones as
   * is sensible. Moves the payload to another buffer if it must.
   */
  makeRoom(count: number, promised: number): void {
    const needed = this.end + count;
    if (this.bytes !== NONE && needed <= this.bytes.length) return;
    const whole = this.end + promised;
    const sensible = this.#pool.believes(promised)
      ? whole
      : Math.min(whole, Math.max(2 * this.length, FIRST_BYTES) + HEADROOM);
    const grown = this.#pool.take(Math.max(needed, sensible), whole);
    copyBytes(grown, this.start, this.bytes, this.start, this.end);
    if (this.bytes !== NONE) this.#pool.give(this.bytes);
    this.bytes = grown;
  }

  /** Gives the buffer back and forgets the payload. */
  release(): void {
    if (this.bytes !== NONE) this.#pool.give(this.bytes);
    this.#forget();
  }

  /** Forgets the payload while someone else may still write to the buffer: nobody gets it again. */
  abandon(): void {
    if (this.bytes !== NONE) this.#pool.forget(this.bytes);
    this.#forget();
  }

  #forget(): void {
    this.bytes = NONE;
    this.end = this.start;
  }
}
