/**
 * Strings for runs of bytes that come again and again, so that a hot method or target costs a hash
 * and a comparison and no new string.
 *
 * In: (bytes, start, end) and a hash that the scanner made on its way. Out: a slot number, under
 * which the owner keeps what belongs to the text. 64 slots of at most 128 bytes, each overwritten by
 * the next text of the same slot: a peer that sends ever new texts gains nothing but the cost of
 * decoding them, and the memory never grows. One per worker and use.
 */
import { latin1 } from "../ascii.ts";

/** How many texts are held; the hash chooses the slot. */
export const TEXT_SLOTS = 64;
/** Longer texts are not held. */
export const TEXT_BYTES = 128;

/** Goes on with a hash by one byte; start with 0. Cheap, not strong: the bytes are compared. */
export function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** Which texts are held, and in which slot. */
export class TextCache {
  #bytes = new Uint8Array(TEXT_SLOTS * TEXT_BYTES);
  // A length of 0 is an empty slot: the empty text is never held.
  #lengths = new Uint8Array(TEXT_SLOTS);

  /** The slot that holds `bytes[start, end)`, or -1. */
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

  /** Holds `bytes[start, end)` from now on, and gives its slot; -1 where it is not to be held. */
  hold(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start;
    if (length === 0 || length > TEXT_BYTES) return -1;
    const slot = slotOf(hash);
    this.#bytes.set(bytes.subarray(start, end), slot * TEXT_BYTES);
    this.#lengths[slot] = length;
    return slot;
  }
}

/** A {@link TextCache} under whose slots the texts themselves are kept as strings. */
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
