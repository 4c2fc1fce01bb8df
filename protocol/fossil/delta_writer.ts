/**
 * Writes the commands of a Fossil delta.
 *
 * In: copies and inserts, in the order of the document. Out: the delta, in a buffer with a bound: a delta that is not shorter than
 * the document is of no use, and is not written to its end.
 */

/** Digits of numbers, from 0 to 63. */
const DIGITS = new TextEncoder().encode(
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~",
);
const COPY = 0x40;
const COPY_END = 0x2c;
const INSERT = 0x3a;
const CHECKSUM = 0x3b;
const LINE_FEED = 0x0a;

/** How many digits a number has. */
export function digitCount(value: number): number {
  let count = 1;
  for (let rest = value >>> 6; rest !== 0; rest >>>= 6) count++;
  return count;
}

/** A delta that is being written. */
export class DeltaWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #isFull = false;

  /** @param capacity the most bytes of the delta */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Whether it does not fit. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The delta, or undefined if it does not fit. */
  get result(): Uint8Array<ArrayBuffer> | undefined {
    return this.#isFull ? undefined : this.#bytes.subarray(0, this.#length);
  }

  /** Begins: the length of the document that the delta makes. */
  begin(length: number): void {
    this.#number(length, LINE_FEED);
  }

  /** So many bytes from this place in the document before. */
  copy(count: number, from: number): void {
    this.#number(count, COPY);
    this.#number(from, COPY_END);
  }

  /** These bytes; nothing if there are none. */
  insert(source: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    this.#number(end - start, INSERT);
    if (this.#length + end - start > this.#bytes.length) this.#isFull = true;
    if (this.#isFull) return;
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Ends. */
  end(checksum: number): void {
    this.#number(checksum, CHECKSUM);
  }

  #number(value: number, mark: number): void {
    const count = digitCount(value);
    const end = this.#length + count;
    if (end + 1 > this.#bytes.length) this.#isFull = true;
    if (this.#isFull) return;
    let rest = value;
    for (let at = end - 1; at >= this.#length; at--) {
      this.#bytes[at] = DIGITS[rest & 63]!; // 64 of them
      rest >>>= 6;
    }
    this.#bytes[end] = mark;
    this.#length = end + 1;
  }
}
