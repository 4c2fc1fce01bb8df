/**
 * A request's body on its way to a handler that wants it whole.
 *
 * In: pieces, as views of a buffer that will be reused. Out: one run of bytes, `bytes[start, end)`.
 * A body that comes in one piece is never copied; a longer one gets a buffer of the worker's pool,
 * which takes what follows at its place: `directRoom`. The bound is the protocol's (`bodyBytes`),
 * judged before a piece gets here; what is only announced is believed within that of the pool.
 */

import { type MessageBufferPool, PayloadBuffer } from "../../../protocol/mod.ts";

/** A rest that is worth a receive of its own instead of a copy. */
const DIRECT = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** The body of one request at a time. */
export class RequestBody {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  readonly #pool: MessageBufferPool;
  // What is still to come, where that is known; else 0.
  #missing = 0;
  #own: PayloadBuffer | null = null;

  /** @param pool lends the buffers of bodies that come in pieces */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** A new body begins; `contentLength` bytes are announced, or -1 where no one knows. */
  begin(contentLength: number): void {
    this.clear();
    this.#missing = Math.max(contentLength, 0);
  }

  /** A piece has come; it need not stay valid after {@link keep}. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const own = this.#own;
    if (own !== null && bytes === own.bytes && start === own.end) {
      own.end = end; // received at its place
    } else if (own === null && this.end === this.start) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
    } else {
      const buffer = this.#ownBuffer();
      // Where nobody knows how much comes, as many bytes again as came.
      const promised = this.#missing > 0 ? this.#missing : Math.max(end - start, buffer.length);
      buffer.append(bytes, start, end, promised);
    }
    this.#missing = Math.max(this.#missing - (end - start), 0);
    this.#show();
  }

  /** The view that was given is about to be reused, and the body is not complete. */
  keep(): void {
    if (this.#own === null && (this.end > this.start || this.#missing > DIRECT)) this.#ownBuffer();
    if (this.#own === null) return;
    if (this.#missing > 0) {
      this.#own.makeRoom(Math.min(this.#missing, DIRECT), this.#missing);
    }
    this.#show();
  }

  /** Bytes that may be received at `bytes[end, end + directRoom)`; 0 where a copy does as well. */
  get directRoom(): number {
    if (this.#own === null) return 0;
    const room = Math.min(this.#own.bytes.length - this.#own.end, this.#missing);
    return room >= DIRECT ? room : 0;
  }

  /** Lets go of it: whoever kept the bytes sees others there soon. */
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
