/**
 * Collects a request's body for a handler that needs it whole.
 *
 * In: pieces, as views of a buffer that will be reused. Out: one contiguous range, `bytes[start, end)`.
 * A body that arrives in one piece is never copied; a longer one gets a buffer of the worker's pool, and
 * further bytes are received directly into it: `directRoom`. The protocol checks the limit (`bodyBytes`)
 * before a piece gets here; the pool bounds how much is allocated for bytes that are only announced.
 */

import { type MessageBufferPool, PayloadBuffer } from "../../../protocol/mod.ts";

/** A rest this long is worth a receive of its own instead of a copy. */
const DIRECT = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** The body of one request at a time. */
export class RequestBody {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  readonly #pool: MessageBufferPool;
  // Bytes still to come, if that is known; otherwise 0.
  #missing = 0;
  #own: PayloadBuffer | null = null;

  /** @param pool lends the buffers for bodies that arrive in pieces */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** Bytes of the buffer that it has. */
  get heldBytes(): number {
    return this.#own === null ? 0 : this.#own.bytes.length;
  }

  /** A new body begins; `contentLength` bytes are announced, or -1 if the length is unknown. */
  begin(contentLength: number): void {
    this.clear();
    this.#missing = Math.max(contentLength, 0);
  }

  /** Adds a piece, which need not stay valid after {@link keep}. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const own = this.#own;
    if (own !== null && bytes === own.bytes && start === own.end) {
      own.end = end; // received directly
    } else if (own === null && this.end === this.start) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
    } else {
      const buffer = this.#ownBuffer();
      // If the length is unknown, assume that as much again follows.
      const expected = this.#missing > 0 ? this.#missing : Math.max(end - start, buffer.length);
      buffer.append(bytes, start, end, expected);
    }
    this.#missing = Math.max(this.#missing - (end - start), 0);
    this.#show();
  }

  /** Called when the body is incomplete and the view of its pieces is about to be reused. */
  keep(): void {
    if (this.#own === null && (this.end > this.start || this.#missing > DIRECT)) this.#ownBuffer();
    if (this.#own === null) return;
    if (this.#missing > 0) {
      this.#own.makeRoom(Math.min(this.#missing, DIRECT), this.#missing);
    }
    this.#show();
  }

  /** Bytes that may be received at `bytes[end, end + directRoom)`; 0 if a copy is as good. */
  get directRoom(): number {
    if (this.#own === null) return 0;
    const room = Math.min(this.#own.bytes.length - this.#own.end, this.#missing);
    return room >= DIRECT ? room : 0;
  }

  /** Releases the body: its memory will be reused. */
  clear(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
    this.#missing = 0;
    if (this.#own === null) return;
    this.#own.release();
    this.#own = null;
  }

  #ownBuffer(): PayloadBuffer {
    if (this.#own !== null) return this.#own;
    this.#own = new PayloadBuffer(this.#pool);
    const count = this.end - this.start;
    this.#own.append(this.bytes, this.start, this.end, count + this.#missing);
    return this.#own;
  }

  #show(): void {
    if (this.#own === null) return;
    this.bytes = this.#own.bytes;
    this.start = this.#own.start;
    this.end = this.#own.end;
  }
}
