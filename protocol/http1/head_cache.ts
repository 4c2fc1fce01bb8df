/**
 * Heads that clients repeat: a request with the same bytes as the last one of its connection is compared and
 * not parsed.
 *
 * In: a parsed head, to keep; later the input of the same connection. Out: the head again, if the input begins with
 * the same bytes. Called by the request reader. That is safe because the parser reads from left to right, and
 * never beyond the end of a head: what it makes of a head depends on that head's bytes alone. The cache has a fixed
 * size; connections share its slots. A slot that another connection has taken costs a failed comparison.
 *
 * A comparison takes a tenth of the time of parsing a browser's request.
 */

import { RequestHead } from "./request_head.ts";

/** The number of heads that a worker keeps. */
export const HEAD_SLOTS = 64;
/** Longer heads are not kept: with them the cache would take more memory than it is worth. */
export const HEAD_SLOT_BYTES = 1024;
/** No slot. */
export const NO_SLOT = -1;

const WORD_BYTES = 4;

/** One kept head, and its bytes. */
interface Slot {
  readonly head: RequestHead;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  length: number;
}

/** The kept heads of one worker. All heads must have been parsed with the same limits. */
export class HeadCache {
  readonly #slots: Slot[] = [];
  // The slot that was filled last.
  #last = NO_SLOT;
  // The array of the last comparison, and a view of it: workers receive into one array again and again.
  #input: Uint8Array | null = null;
  #view: DataView | null = null;

  /**
   * Sets `head` if `bytes[start, end)` begins with the head in `slot`.
   *
   * @returns the number of bytes of that head, or 0
   */
  find(slot: number, bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
    const kept = this.#slots[slot];
    if (kept === undefined || kept.length > end - start) return 0;
    if (!this.#isAt(kept, bytes, start)) return 0;
    head.show(kept.head);
    return kept.length;
  }

  /**
   * Keeps `head`, which was just parsed from `bytes[start, end)`.
   *
   * @returns its slot, or NO_SLOT if it is too long
   */
  keep(head: RequestHead, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > HEAD_SLOT_BYTES) return NO_SLOT;
    // Clients of one kind send equal heads.
    const last = this.#slots[this.#last];
    if (last !== undefined && last.length === length && this.#isAt(last, bytes, start)) {
      return this.#last;
    }
    this.#last = (this.#last + 1) % HEAD_SLOTS;
    let slot = this.#slots[this.#last];
    // A request in progress may have the old head.
    if (slot === undefined || slot.head.isLent) slot = this.#slots[this.#last] = newSlot(head);
    slot.bytes.set(bytes.subarray(start, end));
    slot.length = length;
    slot.head.take(head, slot.bytes, start);
    return this.#last;
  }

  /** Whether the bytes of a slot are at `start`. */
  #isAt({ bytes: kept, view, length }: Slot, bytes: Uint8Array, start: number): boolean {
    let at = 0;
    if (bytes === this.#input) {
      const input = this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (const last = length - WORD_BYTES; at <= last; at += WORD_BYTES) {
        if (input.getInt32(start + at, true) !== view.getInt32(at, true)) return false;
      }
    } else {
      this.#input = bytes;
      this.#view = null; // made if this array comes again
    }
    for (; at < length; at++) {
      if (bytes[start + at] !== kept[at]) return false;
    }
    return true;
  }
}

function newSlot(head: RequestHead): Slot {
  const bytes = new Uint8Array(HEAD_SLOT_BYTES);
  return { head: new RequestHead(head), bytes, view: new DataView(bytes.buffer), length: 0 };
}
