/**
 * What was received and not yet consumed, without a copy wherever that is possible.
 *
 * In: views that the caller owns, valid until `retain()`. Out: `bytes` from `start` to `end`; who
 * consumes moves `start`. Used by the connection. While nothing is left over it only points into the
 * caller's view; what is left when the view ends is copied into a buffer of its own, to which the
 * next bytes are appended. Empty, it owns nothing. The bound is the caller's: heads are bounded by
 * the parser, bodies are consumed as they come, and a paused connection is not read.
 */

const NO_BYTES = new Uint8Array(0);
// The usual rest is a piece of a head; smaller buffers would only grow at once.
const SMALLEST = 512;

/** The unconsumed bytes of one connection. */
export class InputBuffer {
  /** Where the bytes are; of use only from {@link start} to {@link end}. */
  bytes: Uint8Array = NO_BYTES;
  /** The first byte that is not consumed. */
  start = 0;
  /** Behind the last byte. */
  end = 0;
  #owned = false;

  /** Appends `bytes[start, end)`, as a view if nothing else is held. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.start === this.end) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      this.#owned = false;
      return;
    }
    this.retain();
    this.#makeRoom(end - start);
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += end - start;
  }

  /** Lets go of the caller's view: copies what is not consumed, or owns nothing if all is. */
  retain(): void {
    if (this.start === this.end) return this.drop();
    if (!this.#owned) this.#moveTo(new Uint8Array(Math.max(this.end - this.start, SMALLEST)));
  }

  /** Forgets everything. */
  drop(): void {
    this.bytes = NO_BYTES;
    this.start = 0;
    this.end = 0;
    this.#owned = false;
  }

  #makeRoom(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    const needed = this.end - this.start + count;
    // Moving within the buffer pays only while it is at most half full; else it would happen again
    // and again for a few bytes.
    if (needed * 2 <= this.bytes.length) this.#moveTo(this.bytes);
    else this.#moveTo(new Uint8Array(Math.max(needed, this.bytes.length * 2)));
  }

  #moveTo(target: Uint8Array): void {
    target.set(this.bytes.subarray(this.start, this.end), 0);
    this.bytes = target;
    this.end -= this.start;
    this.start = 0;
    this.#owned = true;
  }
}
