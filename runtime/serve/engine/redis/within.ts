/**
 * Waits for something until a certain time.
 *
 * In: a promise, and a time. Out: its result, or {@link SILENT}. What comes later is ignored, also a rejection.
 */

/** With what it is rejected if the time is over. */
export const SILENT = new Error("there is no answer in time");

/** The result, until a time of `performance.now`. */
export async function within<T>(end: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(SILENT), Math.max(0, end - performance.now()));
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
