/**
 * A piece of a line as prepared bytes, which are copied by words: see LogBuffer.copyWords.
 *
 * In: ASCII text. Out: its bytes, in memory that is used again for the next text.
 */

const WORD_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** A piece of a line. */
export class LinePiece {
  /** Length in bytes. */
  length = 0;
  /** The memory of the bytes: at least as many words as {@link length} needs. */
  words: Float64Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;

  /** @param text in ASCII */
  constructor(text = "") {
    this.words = wordsFor(text.length);
    this.#bytes = new Uint8Array(this.words.buffer);
    this.add(text);
  }

  /** Removes the text. */
  clear(): void {
    this.length = 0;
  }

  /** Appends text that consists of ASCII characters only: our own, or escaped. */
  add(text: string): void {
    const start = this.length;
    const bytes = this.#room(text.length);
    for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
    this.length = start + text.length;
  }

  /**
   * Appends a text if all of it is in `allowed`, a table of 256 entries.
   *
   * @returns false if it is not; then nothing is appended
   */
  addIf(allowed: Uint8Array, text: string): boolean {
    const start = this.length;
    const bytes = this.#room(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (allowed[code] !== 1) return false;
      bytes[start + i] = code;
    }
    this.length = start + text.length;
    return true;
  }

  /** As {@link addIf}, for bytes from `start` to `end`. */
  addBytesIf(allowed: Uint8Array, from: Uint8Array, start: number, end: number): boolean {
    const shift = this.length - start;
    const bytes = this.#room(end - start);
    for (let at = start; at < end; at++) {
      const byte = from[at]!; // the caller's range
      if (allowed[byte] !== 1) return false;
      bytes[at + shift] = byte;
    }
    this.length += end - start;
    return true;
  }

  /** Replaces the bytes from `start` on by those of an ASCII text that ends within the piece. */
  replace(start: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[start + i] = text.charCodeAt(i);
  }

  /** The memory, with room for `count` more bytes. */
  #room(count: number): Uint8Array<ArrayBuffer> {
    if (this.length + count > this.#bytes.length) this.#grow(this.length + count);
    return this.#bytes;
  }

  #grow(needed: number): void {
    const bytes = this.#bytes;
    this.words = wordsFor(2 * needed);
    this.#bytes = new Uint8Array(this.words.buffer);
    this.#bytes.set(bytes);
  }
}

function wordsFor(bytes: number): Float64Array<ArrayBuffer> {
  return new Float64Array(Math.ceil(bytes / WORD_BYTES));
}
