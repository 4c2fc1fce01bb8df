/**
 * A growable byte buffer with append.
 *
 * In: encoders append heads, frames and bodies. Out: `bytes` from 0 to `length`, which the owner
 * sends and then `clear()`s. The creator owns the buffer. Growing replaces `bytes`, so never keep a
 * view of it across an append. It has no size limit of its own: the callers that append have limits.
 * A subclass that takes its memory from elsewhere overrides `grow`.
 */

import { copyBytes } from "./copy_bytes.ts";

const SMALLEST = 64;
const NO_BYTES = new Uint8Array(0);

/** A growable byte buffer. */
export class ByteBuffer {
  /** The backing array; only the first {@link length} bytes are content. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of content. */
  length = 0;

  /** @param capacity bytes to allocate at first, 0 for none yet; the buffer grows by doubling */
  constructor(capacity = 1024) {
    this.bytes = capacity === 0 ? NO_BYTES : new Uint8Array(Math.max(capacity, SMALLEST));
  }

  /** Makes room for `count` more bytes and returns the offset to write them at. */
  reserve(count: number): number {
    if (this.length + count > this.bytes.length) this.grow(count);
    return this.length;
  }

  /** Appends one byte. */
  appendByte(byte: number): void {
    const at = this.reserve(1);
    this.bytes[at] = byte;
    this.length = at + 1;
  }

  /** Appends a copy of `source[start, end)`. */
  append(source: Uint8Array, start = 0, end: number = source.length): void {
    const at = this.reserve(end - start);
    copyBytes(this.bytes, at, source, start, end);
    this.length = at + end - start;
  }

  /** Appends a string whose code units are all below 256, one byte each (latin1). */
  appendLatin1(text: string): void {
    const at = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    this.length = at + text.length;
  }

  /** The content as a view, valid until the next append. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** Drops the content and keeps the memory. */
  clear(): void {
    this.length = 0;
  }

  /** Makes room in {@link bytes} for `count` bytes after {@link length}; may change both. */
  protected grow(count: number): void {
    const needed = this.length + count;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, SMALLEST));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
