/**
 * Whether a handler of an app has to be waited for.
 *
 * In: what it has returned. Out: a promise, or nothing: most handlers return none, and then nothing waits.
 */

/** The promise, if it is one, or another thenable. */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  const isThenable = typeof result === "object" && result !== null && "then" in result &&
    typeof result.then === "function";
  return isThenable ? Promise.resolve(result) : undefined;
}
