/**
 * The writer's side of the buffer of one thread: see log_buffer.ts.
 *
 * In: halves that the thread has handed over. Out: their bytes, oldest first, each until it is written. How much of a
 * half is written is in shared memory, too: another writer can continue if one dies, and the main thread can count
 * what a hanging writer leaves. The lines of a thread that died can still be taken.
 */

import {
  type Half,
  LOG_WORD,
  openLogBlock,
  otherHalf,
  OWNED_BY_THREAD,
  OWNED_BY_WRITER,
  threadsOf,
} from "./log_layout.ts";

/** Reads the lines of one thread. */
export class LogReader {
  readonly #words: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];

  /** @param block that of the thread */
  constructor(memory: SharedArrayBuffer, block: number) {
    const { words, halves } = openLogBlock(memory, block);
    this.#words = words;
    this.#halves = halves;
  }

  /** The unwritten bytes of the oldest half that was handed over, or null. */
  take(): Uint8Array | null {
    const half = this.#oldest();
    return half === null ? null : this.#unwritten(half);
  }

  /**
   * The first `count` bytes that {@link take} returned are written, or dropped.
   *
   * @returns whether these were the last ones of the half, and the thread has it back
   */
  consume(count: number): boolean {
    const half = this.#oldest();
    if (half === null) throw new TypeError("nothing was handed over");
    const written = this.#words[LOG_WORD.written + half]! + count;
    if (written < this.#words[LOG_WORD.length + half]!) {
      Atomics.store(this.#words, LOG_WORD.written + half, written);
      return false;
    }
    this.#words[LOG_WORD.length + half] = 0;
    this.#words[LOG_WORD.written + half] = 0;
    // Publishes that the writer no longer reads this half.
    Atomics.store(this.#words, LOG_WORD.state + half, OWNED_BY_THREAD);
    return true;
  }

  /** Whether a part of what {@link take} returns first was consumed already. */
  get isBegun(): boolean {
    const half = this.#oldest();
    return half !== null && Atomics.load(this.#words, LOG_WORD.written + half) > 0;
  }

  /** The unwritten bytes of all halves that were handed over. */
  unwritten(): Uint8Array[] {
    const halves: readonly Half[] = [0, 1];
    return halves.filter((half) => this.#isOurs(half)).map((half) => this.#unwritten(half));
  }

  /** Takes the half that a thread was filling when it died, except its last line. Called once, after its death. */
  salvage(): void {
    const current: Half = this.#words[LOG_WORD.current] === 0 ? 0 : 1;
    if (this.#isOurs(current) || this.#words[LOG_WORD.length + current] === 0) return;
    this.#words[LOG_WORD.current] = otherHalf(current);
    Atomics.store(this.#words, LOG_WORD.state + current, OWNED_BY_WRITER); // as `close` of the thread would
  }

  #oldest(): Half | null {
    const isFirst = this.#isOurs(0);
    const isSecond = this.#isOurs(1);
    if (!isFirst && !isSecond) return null;
    // Looked at again: a thread that ends hands over both, one after the other.
    const isBoth = isFirst ? isSecond : this.#isOurs(0);
    // If both are ours, the thread would fill the older one next.
    if (isBoth) return this.#words[LOG_WORD.current] === 0 ? 0 : 1;
    return isFirst ? 0 : 1;
  }

  #isOurs(half: Half): boolean {
    return Atomics.load(this.#words, LOG_WORD.state + half) === OWNED_BY_WRITER;
  }

  #unwritten(half: Half): Uint8Array {
    const written = Atomics.load(this.#words, LOG_WORD.written + half);
    return this.#halves[half].subarray(written, this.#words[LOG_WORD.length + half]);
  }
}

/** The readers of all threads' lines, by the numbers of their blocks. */
export function logReadersOf(memory: SharedArrayBuffer): LogReader[] {
  return Array.from({ length: threadsOf(memory) }, (_, block) => new LogReader(memory, block));
}
