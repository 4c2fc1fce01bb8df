/**
 * Received bytes that are not yet consumed, without a copy if possible.
 *
 * In: views that the caller owns, valid until `retain()`. Out: `bytes` from `start` to `end`; the
 * consumer moves `start`. Used by the request reader. Normally it points into the caller's view. Bytes
 * left when the view ends are copied into a buffer of its own, and the next bytes are appended to it; a
 * ledger counts its size. An empty InputBuffer owns nothing. It has no size limit: the parser limits
 * heads, bodies are consumed as they arrive, and the session does not read a paused connection.
 */

import type { MemoryLedger } from "../message_buffer_pool.ts";

const NO_BYTES = new Uint8Array(0);
// Usually a part of a head is left over; a smaller buffer would have to grow at once.
const SMALLEST = 512;

/** The unconsumed bytes of one connection. */
export class InputBuffer {
  /** The array; only the bytes from {@link start} to {@link end} are content. */
  bytes: Uint8Array = NO_BYTES;
  /** The offset of the first byte that is not consumed. */
  start = 0;
  /** The offset after the last byte. */
  end = 0;
  #owned = false;
  readonly #ledger: MemoryLedger;

  /** @param ledger counts the bytes of the buffers that this one owns */
  constructor(ledger: MemoryLedger = { keptBytes: 0 }) {
    this.#ledger = ledger;
  }

  /** Appends `bytes[start, end)`; kept as a view if the buffer is empty. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.start === this.end) {
      this.#disown();
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return;
    }
    this.retain();
    this.#makeRoom(end - start);
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += end - start;
  }

  /** Releases the caller's view; bytes that are not consumed are copied. */
  retain(): void {
    if (this.start === this.end) return this.drop();
    if (!this.#owned) this.#moveTo(new Uint8Array(Math.max(this.end - this.start, SMALLEST)));
  }

  /** Drops all bytes. */
  drop(): void {
    this.#disown();
    this.bytes = NO_BYTES;
    this.start = 0;
    this.end = 0;
  }

  #disown(): void {
    if (!this.#owned) return;
    this.#owned = false;
    this.#ledger.keptBytes -= this.bytes.length;
  }

  #makeRoom(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    const needed = this.end - this.start + count;
    // Moving within the buffer pays only if it is at most half full; otherwise it would be repeated for
    // every few bytes.
    if (needed * 2 <= this.bytes.length) this.#moveTo(this.bytes);
    else this.#moveTo(new Uint8Array(Math.max(needed, this.bytes.length * 2)));
  }

  #moveTo(target: Uint8Array): void {
    target.set(this.bytes.subarray(this.start, this.end), 0);
    this.#disown();
    this.#ledger.keptBytes += target.length;
    this.bytes = target;
    this.end -= this.start;
    this.start = 0;
    this.#owned = true;
  }
}
