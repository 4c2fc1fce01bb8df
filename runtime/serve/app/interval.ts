/**
 * Reads the time of what an app has scheduled.
 *
 * In: a text, as `10s`. Out: milliseconds.
 */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Timers of Deno go no further. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds. @throws {TypeError} if the text is no time */
export function intervalOf(text: unknown): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(`${text}`) ?? [];
  const milliseconds = Math.round(Number(digits) * (UNITS[unit] ?? 0));
  if (milliseconds >= 1 && milliseconds <= LONGEST) return milliseconds;
  throw new TypeError(`scheduled.every is ${JSON.stringify(text)}: it must be a time, as "10s"`);
}
