/**
 * Runs long work in slices, so that the worker serves its other connections in between.
 *
 * In: a generator that yields after about a millisecond of work. Out: its result, at once if one slice was
 * enough, otherwise as a promise.
 */

/** Work that yields between its slices. */
export type Sliced<Result> = Generator<void, Result, void>;

/** Runs the first slice now, and each further one in its own turn of the event loop. */
export function runSliced<Result>(work: Sliced<Result>): Result | Promise<Result> {
  const first = work.next();
  return first.done ? first.value : finish(work);
}

async function finish<Result>(work: Sliced<Result>): Promise<Result> {
  while (true) {
    await nextTurn();
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Fulfilled in the next turn of the event loop, after all other pending work of this thread. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
