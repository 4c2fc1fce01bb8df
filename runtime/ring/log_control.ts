/**
 * What a log's writer and the other threads tell each other, in the header of the log's memory.
 *
 * In: any thread that has handed lines over wakes the writer; the main thread asks it to reopen its file, or to
 * end. Out: the writer sleeps until there is something to do. It misses nothing: it announces its sleep, then
 * checks again, then sleeps; the others first publish, then look whether it sleeps (flags.ts has the argument).
 * The layout is in log_layout.ts.
 */

import { controlWords, LOG_CONTROL } from "./log_layout.ts";

const WRITE_THE_REST = 1;
const END_NOW = 2;

/** The control words of one log; each thread has an object of its own. */
export class LogControl {
  readonly #words: Int32Array;

  /** @param memory made by `createLogMemory` */
  constructor(memory: SharedArrayBuffer) {
    this.#words = controlWords(memory);
  }

  /** Wakes the writer if it sleeps. Called after lines were handed over. */
  wake(): void {
    if (Atomics.exchange(this.#words, LOG_CONTROL.asleep, 0) === 0) return;
    Atomics.notify(this.#words, LOG_CONTROL.asleep);
  }

  /** Asks the writer to reopen its file. */
  requestReopen(): void {
    Atomics.add(this.#words, LOG_CONTROL.reopens, 1);
    this.wake();
  }

  /** Asks the writer to write what was handed over, and to end. */
  finish(): void {
    this.#endBy(WRITE_THE_REST);
  }

  /** Tells a writer that does not end in time to write nothing more. */
  abandon(): void {
    this.#endBy(END_NOW);
  }

  // For the writer:

  /** Whether the file is to be reopened: also by a writer that was not there when that was asked. */
  get mustReopen(): boolean {
    return this.#load(LOG_CONTROL.reopens) !== this.#load(LOG_CONTROL.reopened);
  }

  /** The writer is about to reopen its file. */
  beginReopen(): void {
    Atomics.store(this.#words, LOG_CONTROL.reopened, this.#load(LOG_CONTROL.reopens));
  }

  /** Whether the writer must end: at once, or after what is left. */
  get isFinishing(): boolean {
    return this.#load(LOG_CONTROL.ending) !== 0;
  }

  /** Whether the writer must end at once. */
  get isAbandoned(): boolean {
    return this.#load(LOG_CONTROL.ending) === END_NOW;
  }

  /**
   * Blocks until another thread wakes the writer, or for `milliseconds`. Returns at once if there is something to do.
   *
   * @param hasWork is called after the sleep was announced
   */
  sleep(hasWork: () => boolean, milliseconds = Infinity): void {
    Atomics.store(this.#words, LOG_CONTROL.asleep, 1);
    if (!hasWork()) Atomics.wait(this.#words, LOG_CONTROL.asleep, 1, milliseconds);
    Atomics.store(this.#words, LOG_CONTROL.asleep, 0);
  }

  #load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  #endBy(ending: number): void {
    Atomics.store(this.#words, LOG_CONTROL.ending, ending);
    this.wake();
  }
}
