/**
 * The fields of one head, as offsets into its bytes; strings are created on demand.
 *
 * In: `reset()` and `add()` calls of the field parser, with offsets into the bytes given to `reset()`.
 * Out: names and values as strings, decoded as latin1, without white space around values. The list owns
 * its offsets but not the bytes: it is valid as long as they are. Names are case-insensitive (RFC 9110
 * section 5.1).
 */
import { equalsLowerText, latin1 } from "../ascii.ts";

// One field: where the name starts and ends, where the value starts and ends.
const WORDS = 4;
const FIRST_CAPACITY = 32;
const NO_BYTES = new Uint8Array(0);

/** A list of fields in the order received; fields with the same name are separate entries. */
export class HeaderList {
  /** The number of field lines. */
  length = 0;
  #bytes: Uint8Array = NO_BYTES;
  #offsets: Int32Array;

  /** @param capacity for how many fields there is room at first */
  constructor(capacity = FIRST_CAPACITY) {
    this.#offsets = new Int32Array(capacity * WORDS);
  }

  /** Removes all fields; offsets of new ones refer to `bytes`. */
  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.length = 0;
  }

  /** Adds a field. The parser limits the number of calls. */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.length * WORDS;
    if (at === this.#offsets.length) this.#grow();
    const offsets = this.#offsets;
    offsets[at] = nameStart;
    offsets[at + 1] = nameEnd;
    offsets[at + 2] = valueStart;
    offsets[at + 3] = valueEnd;
    this.length++;
  }

  /** The name of field `index` as received. Throws RangeError if there is no such field. */
  name(index: number): string {
    const at = this.#at(index);
    return latin1(this.#bytes, this.#offsets[at]!, this.#offsets[at + 1]!);
  }

  /** The value of field `index`. Throws RangeError if there is no such field. */
  value(index: number): string {
    const at = this.#at(index);
    return latin1(this.#bytes, this.#offsets[at + 2]!, this.#offsets[at + 3]!);
  }

  /**
   * The value of the field `lowerName` (in lower case), or undefined. Several lines with one name are
   * joined by ", " in their order (RFC 9110 section 5.3); those of Cookie by "; ", as its values are no list (RFC 9113 section 8.2.3).
   */
  get(lowerName: string): string | undefined {
    const first = this.find(lowerName);
    if (first < 0) return undefined;
    let joined = this.value(first);
    const separator = lowerName === "cookie" ? "; " : ", ";
    for (let i = this.find(lowerName, first + 1); i >= 0; i = this.find(lowerName, i + 1)) {
      joined += separator + this.value(i);
    }
    return joined;
  }

  /**
   * Whether there is one field `lowerName` (in lower case), and its value has these bytes. For secrets: nothing is created, and
   * all bytes are compared, so that the time tells the length alone.
   */
  holds(lowerName: string, secret: Uint8Array): boolean {
    const field = this.find(lowerName);
    if (field < 0 || this.find(lowerName, field + 1) >= 0) return false;
    const start = this.#offsets[field * WORDS + 2]!;
    if (this.#offsets[field * WORDS + 3]! - start !== secret.length) return false;
    const bytes = this.#bytes;
    let difference = 0;
    for (let i = 0; i < secret.length; i++) difference |= bytes[start + i]! ^ secret[i]!;
    return difference === 0;
  }

  /** Whether there is a field `lowerName` (in lower case). */
  has(lowerName: string): boolean {
    return this.find(lowerName) >= 0;
  }

  /** The index of the first field `lowerName` (in lower case) from `from` on, or -1. */
  find(lowerName: string, from = 0): number {
    const offsets = this.#offsets;
    for (let i = from; i < this.length; i++) {
      const at = i * WORDS;
      if (equalsLowerText(this.#bytes, offsets[at]!, offsets[at + 1]!, lowerName)) return i;
    }
    return -1;
  }

  /** The bytes of all fields; they are valid as long as the list is. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Where in {@link bytes} the value of field `index` starts. Throws RangeError if there is no such field. */
  valueStart(index: number): number {
    return this.#offsets[this.#at(index) + 2]!;
  }

  /** Where it ends. */
  valueEnd(index: number): number {
    return this.#offsets[this.#at(index) + 3]!;
  }

  /** Names and values in the order received; repeated names are separate entries. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.length; i++) yield [this.name(i), this.value(i)];
  }

  /** Becomes a copy of `other` over `bytes`, with all offsets reduced by `shift`. */
  take(other: HeaderList, bytes: Uint8Array, shift: number): void {
    const words = other.length * WORDS;
    if (this.#offsets.length < words) this.#offsets = new Int32Array(words);
    for (let i = 0; i < words; i++) this.#offsets[i] = other.#offsets[i]! - shift;
    this.#bytes = bytes;
    this.length = other.length;
  }

  #at(index: number): number {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`Cannot read field ${index}: there are ${this.length}`);
    }
    return index * WORDS;
  }

  #grow(): void {
    const grown = new Int32Array(Math.max(this.#offsets.length, WORDS) * 2);
    grown.set(this.#offsets);
    this.#offsets = grown;
  }
}
