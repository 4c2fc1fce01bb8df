/**
 * Does one thing after the other.
 *
 * In: steps. Out: their results. A step begins when all earlier ones have ended, whether they have failed or not.
 */

/** Steps that exclude each other. */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve();

  /** Does a step when it is its turn. */
  do<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => {});
    return done;
  }
}
