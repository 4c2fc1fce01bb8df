/**
 * Lines of one thread on their way to a file that all threads append to.
 *
 * In: pieces of a line between `begin` and `end`. Out: whole lines, written when the buffer is full or
 * `flush` is called; with O_APPEND no line of another thread gets between. Bounded: a file that cannot be
 * written costs one warning and the lines, never the service.
 */

import type { Os } from "../../os/mod.ts";

/** Bytes of a thread's buffer. */
const CAPACITY = 64 * 1024;
/** Room that `begin` makes: no line, nor the three of a request, is longer. */
export const LONGEST_LINE = 32 * 1024;

const encoder = new TextEncoder();

/** What happens when the file cannot be written. */
export interface LogFailure {
  /** Called at the first failure, and no more until a write succeeded, with the negated errno. */
  failed(result: number): void;
  /** Called with how many bytes of lines are lost. */
  dropped(bytes: number): void;
}

/** The buffer of one thread for one file. */
export class LineBuffer {
  /** Whether there is a file at all; where not, nothing may be appended. */
  readonly isOpen: boolean;
  readonly #os: Pick<Os, "write">;
  readonly #descriptor: number;
  readonly #failure: LogFailure;
  readonly #bytes = new Uint8Array(CAPACITY);
  #length = 0;
  #failing = false;

  /** @param descriptor an open file, or -1 for none */
  constructor(os: Pick<Os, "write">, descriptor: number, failure: LogFailure) {
    this.#os = os;
    this.#descriptor = descriptor;
    this.#failure = failure;
    this.isOpen = descriptor >= 0;
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#length > 0;
  }

  /** Makes room for one line of up to {@link LONGEST_LINE} bytes. */
  begin(): void {
    if (this.#length > CAPACITY - LONGEST_LINE) this.flush();
  }

  /** Appends text of ASCII characters alone: our own, or escaped. */
  text(text: string): void {
    const at = this.#length;
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    this.#length = at + text.length;
  }

  /** The same of a text put together for the one occasion: V8 copies it faster than we do letter by letter. */
  line(text: string): void {
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Appends a whole number, 0 or more. */
  number(value: number): void {
    this.#length += digitsOf(value);
    this.digits(value, this.#length);
  }

  /** Appends lines that lie ready, and tells where; their numbers are written by {@link digits}. */
  copy(lines: Uint8Array): number {
    const at = this.#length;
    this.#bytes.set(lines, at);
    this.#length = at + lines.length;
    return at;
  }

  /** Writes the digits of a whole number right before `end`, over what {@link copy} put there. */
  digits(value: number, end: number): void {
    let rest = value;
    let at = end;
    do {
      this.#bytes[--at] = 0x30 + rest % 10;
      rest = Math.trunc(rest / 10);
    } while (rest > 0);
  }

  /** Writes what waits. */
  flush(): void {
    let written = 0;
    while (written < this.#length) {
      const rest = written === 0 ? this.#bytes : this.#bytes.subarray(written);
      const result = this.#os.write(this.#descriptor, rest, this.#length - written);
      if (result <= 0) {
        this.#fail(result, this.#length - written);
        break;
      }
      written += result;
      this.#failing = false;
    }
    this.#length = 0;
  }

  #fail(result: number, lost: number): void {
    if (!this.#failing) this.#failure.failed(result);
    this.#failing = true;
    this.#failure.dropped(lost);
  }
}

/** How many decimal digits a whole number has. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
