/**
 * Cache of strings for repeated byte sequences: a frequent method or target costs a hash and a
 * comparison, and no new string.
 *
 * In: (bytes, start, end) and a hash that the caller computed while scanning. Out: a slot number, under
 * which the caller stores its values for that text. There are 64 slots of at most 128 bytes; a new text
 * overwrites the one in its slot. So memory never grows, and a peer that always sends new texts only makes
 * the cache useless. One per worker and purpose.
 */
import { latin1 } from "../ascii.ts";

/** The number of cached texts; the hash selects the slot. */
export const TEXT_SLOTS = 64;
/** Longer texts are not cached. */
export const TEXT_BYTES = 128;

/** Adds one byte to a hash; start with 0. Fast rather than strong: the bytes are compared as well. */
export function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** Maps texts to slots. */
export class TextCache {
  #bytes = new Uint8Array(TEXT_SLOTS * TEXT_BYTES);
  // A length of 0 is an empty slot: the empty text is never cached.
  #lengths = new Uint8Array(TEXT_SLOTS);

  /** The slot of `bytes[start, end)`, or -1 if it is not cached. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slot = slotOf(hash);
    const length = end - start;
    if (length === 0 || this.#lengths[slot] !== length || end > bytes.length) return -1;
    const held = this.#bytes;
    const from = slot * TEXT_BYTES;
    for (let i = 0; i < length; i++) {
      if (held[from + i] !== bytes[start + i]) return -1;
    }
    return slot;
  }

  /** Caches `bytes[start, end)` and returns its slot; -1 if it is too long or empty. */
  hold(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start;
    if (length === 0 || length > TEXT_BYTES) return -1;
    const slot = slotOf(hash);
    this.#bytes.set(bytes.subarray(start, end), slot * TEXT_BYTES);
    this.#lengths[slot] = length;
    return slot;
  }
}

/** A {@link TextCache} that stores the texts as strings. */
export class StringCache {
  #cache = new TextCache();
  #strings: string[] = new Array<string>(TEXT_SLOTS).fill("");

  /** `bytes[start, end)` as a string, decoded as latin1; the same string for the same bytes. */
  read(bytes: Uint8Array, start: number, end: number, hash: number): string {
    const found = this.#cache.find(bytes, start, end, hash);
    if (found >= 0) return this.#strings[found]!;
    const text = latin1(bytes, start, end);
    const slot = this.#cache.hold(bytes, start, end, hash);
    if (slot >= 0) this.#strings[slot] = text;
    return text;
  }
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (TEXT_SLOTS - 1);
}
