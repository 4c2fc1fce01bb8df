/**
 * Waiting for a condition, with a time limit.
 *
 * In: a condition, or a promise that something else settles. Out: its value, or an error that names what was
 * waited for. Tests call these instead of sleeping for a time that was long enough on the machine of their
 * author. Every timer is cleared before the functions settle.
 */

/** The default time limit in milliseconds: long, because the machine may have two busy cores. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The first checks of a condition, and those after a second of waiting: many ask the server, which takes CPU time. */
const POLL_MS = 10;
const SLOW_POLL_MS = 50;

/** The options of {@link waitFor} and {@link within}. */
export interface WaitOptions {
  /** Milliseconds until the wait fails; by default {@link DEFAULT_TIMEOUT_MS}. */
  timeoutMs?: number;
  /** What is waited for, as in the error after "waited for"; a function is called at the failure. */
  what: string | (() => string);
}

/**
 * Waits until `condition` returns something other than `undefined`, `null` or `false`.
 *
 * @returns what the condition returned
 * @throws {Error} if the time is over, naming `what`; and whatever the condition throws, at once
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<NonNullable<Exclude<T, false>>> {
  const begin = performance.now();
  const deadline = begin + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  while (true) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) {
      return value as NonNullable<Exclude<T, false>>;
    }
    const now = performance.now();
    if (now > deadline) throw timeoutError(options);
    const pause = Math.min(Math.max(POLL_MS, (now - begin) / 20), SLOW_POLL_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * Settles as `promise` does, unless that takes too long.
 *
 * @throws {Error} if the time is over, naming `what`; the promise itself is not cancelled
 */
export async function within<T>(promise: Promise<T>, options: WaitOptions): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(timeoutError(options)),
    options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  );
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for `milliseconds`. Only if a scenario itself is "held for this long"; never to wait for
 * something that can be observed.
 */
export function hold(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function timeoutError(options: WaitOptions): Error {
  const what = typeof options.what === "string" ? options.what : options.what();
  return new Error(`waited ${options.timeoutMs ?? DEFAULT_TIMEOUT_MS} ms for ${what}`);
}
