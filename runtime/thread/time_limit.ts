/**
 * Aborts a fetch that takes too long, and leaves no timer behind one that does not.
 *
 * In: milliseconds. Out: a signal for fetch, and whether the time was over before the limit was disposed of. `AbortSignal.timeout` would
 * keep its timer after the answer.
 */

/** Begins when it is made. */
export class TimeLimit implements Disposable {
  readonly #late = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param time milliseconds */
  constructor(time: number) {
    this.#timer = setTimeout(() => this.#late.abort(), time);
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Whether it is over. */
  get isOver(): boolean {
    return this.#late.signal.aborted;
  }

  /** From now on the time is never over. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
