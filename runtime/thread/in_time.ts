/**
 * Waits for something, but not for ever.
 *
 * In: a promise, and how long it may take. Out: its result, or that it is late. A late one goes on; nobody hears of its result.
 */

/** It has not come in time. */
export const LATE = Symbol("late");

/** Waits for a value, so many milliseconds at most. Rejected if the promise is before. */
export async function inTime<T>(
  value: T | PromiseLike<T>,
  milliseconds: number,
): Promise<Awaited<T> | typeof LATE> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(() => resolve(LATE), milliseconds);
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
