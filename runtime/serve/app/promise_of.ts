/**
 * Whether a handler of an app has to be waited for.
 *
 * In: what it has returned. Out: a promise, or nothing: most handlers return none, and then nothing waits.
 */

/** The promise, if it is one, or another thenable. */
export function promiseOf<T>(result: T | PromiseLike<T>): Promise<T> | undefined {
  const isThenable = typeof result === "object" && result !== null &&
    typeof (result as PromiseLike<T>).then === "function";
  return isThenable ? Promise.resolve(result) : undefined;
}
