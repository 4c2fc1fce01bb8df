/**
 * Long work in slices: after each of them the worker's other connections have their turn.
 *
 * In: a generator that yields whenever it has worked for about a millisecond. Out: its result, at once if the
 * first slice was enough, else by a promise.
 */

/** Work that yields between its slices. */
export type Sliced<Result> = Generator<void, Result, void>;

/** Does the work: the first slice now, each other one in a turn of its own. */
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

/** Settles when everybody else on this thread has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
