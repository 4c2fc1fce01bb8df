/**
 * Reads lines of a password from standard input, a terminal or not.
 *
 * In: standard input. Out: one line at a time, without its end. On a terminal nothing is shown and
 * the usual keys edit the line; Ctrl-C ends the program with the terminal as it was before.
 */

import { UsageError } from "./usage_error.ts";

/** Bytes of the longest line. */
const LONGEST = 4096;
const ENTER = [0x0a, 0x0d];
const ERASE = [0x08, 0x7f];
const KILL_LINE = 0x15;
const END_OF_INPUT = 0x04;
/** As a shell reports a process that SIGINT ended. */
const INTERRUPTED = 128 + 2;

/** Standard input, as far as it is read here. */
export type PasswordSource = Pick<typeof Deno.stdin, "isTerminal" | "read" | "setRaw">;

/** Lines of a password. */
export class PasswordInput implements Disposable {
  readonly isTerminal: boolean;
  readonly #source: PasswordSource;
  readonly #onInterrupt = () => {
    this[Symbol.dispose]();
    Deno.exit(INTERRUPTED);
  };
  #unread = new Uint8Array(0);

  /** Stops the terminal from showing what is typed. */
  constructor(source: PasswordSource) {
    this.#source = source;
    this.isTerminal = source.isTerminal();
    if (!this.isTerminal) return;
    Deno.addSignalListener("SIGINT", this.#onInterrupt);
    source.setRaw(true, { cbreak: true });
  }

  /** Shows it again. */
  [Symbol.dispose](): void {
    if (!this.isTerminal) return;
    this.#source.setRaw(false);
    Deno.removeSignalListener("SIGINT", this.#onInterrupt);
  }

  /** The next line; undefined at the end of the input. @throws {UsageError} */
  async line(): Promise<string | undefined> {
    const line: number[] = [];
    for (;;) {
      const byte = await this.#next();
      if (byte === undefined || (this.isTerminal && byte === END_OF_INPUT)) {
        return line.length === 0 ? undefined : decode(line);
      }
      if (ENTER.includes(byte)) return decode(line);
      if (this.isTerminal && byte === KILL_LINE) line.length = 0;
      else if (this.isTerminal && ERASE.includes(byte)) eraseCharacter(line);
      else if (line.push(byte) > LONGEST) {
        throw new UsageError(`the password must have at most ${LONGEST} bytes`);
      }
    }
  }

  async #next(): Promise<number | undefined> {
    if (this.#unread.length === 0) {
      const bytes = new Uint8Array(LONGEST);
      const count = await this.#source.read(bytes);
      this.#unread = bytes.subarray(0, count ?? 0);
    }
    const [byte] = this.#unread;
    this.#unread = this.#unread.subarray(1);
    return byte;
  }
}

/** Removes the last character: the bytes 10xxxxxx that continue it in UTF-8, and its first one. */
function eraseCharacter(line: number[]): void {
  while ((line.at(-1) ?? 0) >> 6 === 0b10) line.pop();
  line.pop();
}

function decode(line: readonly number[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(line));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError("the password is not UTF-8, as browsers send it");
  }
}
