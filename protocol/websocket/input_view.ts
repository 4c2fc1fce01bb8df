/**
 * The bytes that a connection reads from: a view of the caller's, or a copy of its unread rest.
 *
 * In: views in their order. Out: `bytes` from `position` to `end`. A view is the caller's and is
 * let go as soon as it is read; what must outlive it is copied once into a buffer of the pool,
 * which goes back when it is read.
 */

import type { MessageBufferPool } from "../message_buffer_pool.ts";

const NO_BYTES = new Uint8Array(0);

/** Input with a place in it. */
export class InputView {
  /** What is read from; changed in place by unmasking. */
  bytes: Uint8Array = NO_BYTES;
  /** Where the view begins: bytes before it are not ours. */
  start = 0;
  /** Where reading goes on. */
  position = 0;
  /** Where the view ends. */
  end = 0;
  readonly #pool: MessageBufferPool;
  /** {@link bytes} when they are a copy, else undefined. */
  #copy: Uint8Array<ArrayBuffer> | undefined = undefined;

  /** @param pool lends the buffers of copies */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** Unread bytes. */
  get unread(): number {
    return this.end - this.position;
  }

  /** Goes on with `bytes[start, end)`, after what is unread. */
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

  /** Copies what is unread, since the caller's view ceases to be valid. */
  retain(): void {
    if (this.position === this.end) this.drop();
    else if (this.#copy === undefined) this.#copyWith(NO_BYTES, 0, 0);
  }

  /** Lets go of everything. */
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
