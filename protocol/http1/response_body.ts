/**
 * Framing of a response body: by Content-Length, chunked, until close, or dropped.
 *
 * In: pieces of the body. Out: the framed bytes, appended to a ByteBuffer. Called by the connection after
 * the head is sent. The body must have the length stated in the head; otherwise a client would read the
 * difference as the next response. Misuse throws before anything is appended.
 */
import type { ByteBuffer } from "../byte_buffer.ts";
import { CR, latin1Bytes, LF } from "../ascii.ts";

/** The response has no body: HEAD, 204 and 304. Data is dropped. */
export const DROPPED = 0;
/** Content-Length states the number of bytes. */
export const COUNTED = 1;
/** Each piece is a chunk. */
export const CHUNKED = 2;
/** The close of the connection ends the body (HTTP/1.0). */
export const UNTIL_CLOSE = 3;

const HEX_DIGITS = latin1Bytes("0123456789abcdef");
const LAST_CHUNK = latin1Bytes("0\r\n\r\n");
// Sixteen hex digits for the size, and two line ends.
const CHUNK_EXTRA_BYTES = 20;

/** Frames one response body at a time. */
export class ResponseBody {
  #framing = DROPPED;
  #remaining = 0;

  /** Starts a body; `length` is used if `framing` is {@link COUNTED}. */
  begin(framing: number, length: number): void {
    this.#framing = framing;
    this.#remaining = length;
  }

  /** Appends `bytes[start, end)`. Throws RangeError if that exceeds Content-Length. */
  append(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): void {
    if (this.#framing === CHUNKED) return appendChunk(out, bytes, start, end);
    if (this.count(end - start)) out.append(bytes, start, end);
  }

  /**
   * Counts bytes that the caller sends itself; returns false if the caller must not send them. Throws
   * RangeError if they exceed Content-Length, TypeError if the body is chunked.
   */
  count(bytes: number): boolean {
    if (this.#framing === DROPPED) return false;
    if (this.#framing === CHUNKED) {
      throw new TypeError("Cannot send bytes of a chunked body outside the encoder");
    }
    if (this.#framing === COUNTED) {
      if (bytes > this.#remaining) {
        throw new RangeError(
          `Cannot send ${bytes} bytes: Content-Length leaves ${this.#remaining}`,
        );
      }
      this.#remaining -= bytes;
    }
    return true;
  }

  /** Ends the body. Throws TypeError if it is shorter than Content-Length. */
  end(out: ByteBuffer): void {
    if (this.#framing === CHUNKED) out.append(LAST_CHUNK);
    else if (this.#framing === COUNTED && this.#remaining > 0) {
      throw new TypeError(`Cannot end the body: Content-Length leaves ${this.#remaining} bytes`);
    }
  }
}

function appendChunk(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): void {
  const count = end - start;
  // An empty chunk would end the body.
  if (count === 0) return;
  let at = out.reserve(count + CHUNK_EXTRA_BYTES);
  const target = out.bytes;
  let digits = 1;
  for (let rest = count; rest >= 16; rest = Math.floor(rest / 16)) digits++;
  let rest = count;
  for (let i = digits - 1; i >= 0; i--) {
    target[at + i] = HEX_DIGITS[rest % 16]!;
    rest = Math.floor(rest / 16);
  }
  at += digits;
  target[at] = CR;
  target[at + 1] = LF;
  out.length = at + 2;
  out.append(bytes, start, end);
  at = out.length;
  out.bytes[at] = CR;
  out.bytes[at + 1] = LF;
  out.length = at + 2;
}
