/**
 * The fields of one head, as offsets into its bytes: no string is made until it is asked for.
 *
 * In: `reset()` and `add()` by the field parser, offsets within the bytes given to `reset()`.
 * Out: names and values as strings, decoded as latin1, white space around values left out. It owns
 * its offsets and not the bytes: it is valid as long as they are. Names are compared without regard
 * to case (RFC 9110 section 5.1).
 */
import { equalsLowerText, latin1 } from "../ascii.ts";

// One field: where the name starts and ends, where the value starts and ends.
const WORDS = 4;
const FIRST_CAPACITY = 32;
const NO_BYTES = new Uint8Array(0);

/** A list of fields in the order of their arrival; repeated names stand apart. */
export class HeaderList {
  /** How many field lines there are. */
  length = 0;
  #bytes: Uint8Array = NO_BYTES;
  #offsets = new Int32Array(FIRST_CAPACITY * WORDS);

  /** Forgets all fields; the next ones lie in `bytes`. */
  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.length = 0;
  }

  /** Adds a field; the number of calls is bounded by the parser. */
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

  /** The name of field `index` as it was received. Throws RangeError beyond the list. */
  name(index: number): string {
    const at = this.#at(index);
    return latin1(this.#bytes, this.#offsets[at]!, this.#offsets[at + 1]!);
  }

  /** The value of field `index`. Throws RangeError beyond the list. */
  value(index: number): string {
    const at = this.#at(index);
    return latin1(this.#bytes, this.#offsets[at + 2]!, this.#offsets[at + 3]!);
  }

  /**
   * The value of the field called `lowerName` (in lower case), or undefined. Several lines of one
   * name are joined by ", " in their order (RFC 9110 section 5.3).
   */
  get(lowerName: string): string | undefined {
    const first = this.#find(lowerName, 0);
    if (first < 0) return undefined;
    let joined = this.value(first);
    for (let i = this.#find(lowerName, first + 1); i >= 0; i = this.#find(lowerName, i + 1)) {
      joined += ", " + this.value(i);
    }
    return joined;
  }

  /** Whether there is a field called `lowerName` (in lower case). */
  has(lowerName: string): boolean {
    return this.#find(lowerName, 0) >= 0;
  }

  /** Names and values in their order, repeated names apart. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.length; i++) yield [this.name(i), this.value(i)];
  }

  /** The same fields over `bytes`, in which everything lies `shift` bytes earlier. */
  rebasedCopy(bytes: Uint8Array, shift: number): HeaderList {
    const copy = new HeaderList();
    copy.#bytes = bytes;
    copy.#offsets = this.#offsets.slice(0, this.length * WORDS).map((offset) => offset - shift);
    copy.length = this.length;
    return copy;
  }

  #find(lowerName: string, from: number): number {
    const offsets = this.#offsets;
    for (let i = from; i < this.length; i++) {
      const at = i * WORDS;
      if (equalsLowerText(this.#bytes, offsets[at]!, offsets[at + 1]!, lowerName)) return i;
    }
    return -1;
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
