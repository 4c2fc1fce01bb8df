/**
 * Waiting for something to become true, with an end to the patience.
 *
 * In: a condition, or a promise that others settle. Out: its value, or an error that names what was
 * waited for. Tests call these in place of sleeping for a time that seemed long enough on the machine
 * where it was chosen. Every timer is cleared before the functions settle.
 */

/** How long to wait by default, in milliseconds: long, since the machine may have two busy cores. */
export const PATIENCE_MS = 30_000;

const POLL_MS = 10;

/** What {@link waitFor} and {@link within} need to know beside the condition. */
export interface WaitOptions {
  /** Milliseconds until the wait fails; {@link PATIENCE_MS} when left out. */
  timeoutMs?: number;
  /** What is waited for, as it should stand in the error after "waited for"; asked at the failure. */
  what: string | (() => string);
}

/**
 * Waits until `condition` gives something other than `undefined`, `null` or `false`.
 *
 * @returns what the condition gave
 * @throws {Error} when the time is over, naming `what`; and whatever the condition throws, at once
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + (options.timeoutMs ?? PATIENCE_MS);
  while (true) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) {
      return value as NonNullable<Exclude<T, false>>;
    }
    if (performance.now() > deadline) throw tooLate(options);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Gives what `promise` gives, unless that takes too long.
 *
 * @throws {Error} when the time is over, naming `what`; the promise itself goes on
 */
export async function within<T>(promise: Promise<T>, options: WaitOptions): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooLate(options)), options.timeoutMs ?? PATIENCE_MS);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets `milliseconds` go by. Only where a scenario itself is "held for this long"; never to wait for
 * something that can be asked for.
 */
export function hold(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function tooLate(options: WaitOptions): Error {
  const what = typeof options.what === "string" ? options.what : options.what();
  return new Error(`waited ${options.timeoutMs ?? PATIENCE_MS} ms in vain for ${what}`);
}
