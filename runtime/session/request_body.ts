/**
 * A request's body on its way to a handler that wants it whole.
 *
 * In: pieces, as views of a buffer that will be reused. Out: one run of bytes, `bytes[start, end)`.
 * A body that comes in one piece is never copied; a longer one gets a buffer of its own, which
 * grows as bytes come and not as they are announced, and takes them at their place: `directRoom`.
 * The bound is the protocol's (`bodyBytes`), judged before a piece gets here.
 */

import { ByteBuffer } from "../../protocol/mod.ts";

/** How much room is made ahead of what has come. */
const STEP = 256 * 1024;
/** A rest that is worth a receive of its own instead of a copy. */
const DIRECT = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** The body of one request at a time. */
export class RequestBody {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  // What is still to come, where that is known; else 0.
  #missing = 0;
  #own: ByteBuffer | null = null;

  /** A new body begins; `contentLength` bytes are announced, or -1 where no one knows. */
  begin(contentLength: number): void {
    this.clear();
    this.#missing = Math.max(contentLength, 0);
  }

  /** A piece has come; it need not stay valid after {@link keep}. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const own = this.#own;
    this.#missing = Math.max(this.#missing - (end - start), 0);
    if (own !== null && bytes === own.bytes && start === own.length) {
      own.length = end; // received at its place
    } else if (own === null && this.end === this.start) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return;
    } else {
      this.#ownBuffer().append(bytes, start, end);
    }
    this.#show();
  }

  /** The view that was given is about to be reused, and the body is not complete. */
  keep(): void {
    if (this.#own === null && (this.end > this.start || this.#missing > DIRECT)) this.#ownBuffer();
    if (this.#own === null) return;
    if (this.#missing > 0) this.#own.reserve(Math.min(this.#missing, STEP));
    this.#show();
  }

  /** Bytes that may be received at `bytes[end, end + directRoom)`; 0 where a copy does as well. */
  get directRoom(): number {
    if (this.#own === null) return 0;
    const room = Math.min(this.#own.bytes.length - this.#own.length, this.#missing);
    return room >= DIRECT ? room : 0;
  }

  /** Lets go of it. */
  clear(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
    this.#missing = 0;
    this.#own = null;
  }

  #ownBuffer(): ByteBuffer {
    if (this.#own === null) {
      this.#own = new ByteBuffer(Math.max(this.end - this.start, 1024));
      this.#own.append(this.bytes, this.start, this.end);
    }
    return this.#own;
  }

  #show(): void {
    if (this.#own === null) return;
    this.bytes = this.#own.bytes;
    this.start = 0;
    this.end = this.#own.length;
  }
}
