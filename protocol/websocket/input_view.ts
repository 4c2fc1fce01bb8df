/**
 * The input of a connection: a view that the caller owns, or a copy of its unread bytes.
 *
 * In: views in their order. Out: `bytes` from `position` to `end`. Called by the frame reader. A view is
 * released as soon as it is read; bytes that must outlive it are copied once into a buffer of the pool,
 * which is given back when they are read.
 */

import type { MessageBufferPool } from "../message_buffer_pool.ts";

const NO_BYTES = new Uint8Array(0);

/** Input bytes with a read position. */
export class InputView {
  /** The array; unmasking changes it in place. */
  bytes: Uint8Array = NO_BYTES;
  /** Where the view begins: bytes before it must not be touched. */
  start = 0;
  /** The offset of the next unread byte. */
  position = 0;
  /** Where the view ends. */
  end = 0;
  readonly #pool: MessageBufferPool;
  /** {@link bytes} if it is a copy, otherwise undefined. */
  #copy: Uint8Array<ArrayBuffer> | undefined = undefined;

  /** @param pool lends the buffers of copies */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** The number of unread bytes. */
  get unread(): number {
    return this.end - this.position;
  }

  /** Bytes of the copy, if there is one. */
  get ownedBytes(): number {
    return this.#copy === undefined ? 0 : this.#copy.length;
  }

  /** Appends `bytes[start, end)` after the unread bytes. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.position < this.end) {
      this.#copyWith(bytes, start, end);
      return;
    }
    this.drop();
    this.bytes = bytes;
    this.start = start;
    this.position = start;
    this.end = end;
  }

  /** Copies the unread bytes; the caller's view may become invalid after it. */
  retain(): void {
    if (this.position === this.end) this.drop();
    else if (this.#copy === undefined) this.#copyWith(NO_BYTES, 0, 0);
  }

  /** Releases everything. */
  drop(): void {
    if (this.#copy !== undefined) this.#pool.give(this.#copy);
    this.#copy = undefined;
    this.bytes = NO_BYTES;
    this.start = 0;
    this.position = 0;
    this.end = 0;
  }

  #copyWith(bytes: Uint8Array, start: number, end: number): void {
    const unread = this.end - this.position;
    const copy = this.#pool.take(unread + end - start);
    copy.set(this.bytes.subarray(this.position, this.end));
    copy.set(bytes.subarray(start, end), unread);
    this.drop();
    this.#copy = copy;
    this.bytes = copy;
    this.end = unread + end - start;
  }
}
