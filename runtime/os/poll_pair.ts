/**
 * Waits for either of two descriptors: poll(2).
 *
 * In: two descriptors, of which the second may be -1, which poll ignores. Out: which of them is readable. Blocks the thread.
 */

import { libc } from "./libc.ts";

const POLLIN = 1;
/** struct pollfd { s32 fd; s16 events; s16 revents }: the last two are one word here. */
const WORDS = 2;

/** Two descriptors. */
export class PollPair {
  readonly #words = new Int32Array(2 * WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #libc = libc();

  constructor(first: number, second: number) {
    this.#words[0] = first;
    this.#words[WORDS] = second;
  }

  /** Blocks the thread for `milliseconds` at most; true: the first one is ready. */
  wait(milliseconds: number): boolean {
    this.#words[1] = POLLIN;
    this.#words[WORDS + 1] = POLLIN;
    // A signal, or another error: nothing is ready.
    return this.#libc.poll(this.#bytes, 2, milliseconds) > 0 && this.#words[1] !== POLLIN;
  }
}
