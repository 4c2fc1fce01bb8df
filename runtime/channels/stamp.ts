/**
 * Moments at which entries were appended, as 32 bits: microseconds of the clock that all threads share, modulo 2^32.
 *
 * In: milliseconds of that clock. Out: stamps, which are in the records, and differences of two of them. What is compared is at most
 * 35 minutes apart; beyond that a difference is wrong, and only a metric is.
 */

/** The stamp of a moment. */
export function stampOf(milliseconds: number): number {
  return (milliseconds * 1000) | 0;
}

/** Microseconds from one stamp to a later one; 0 if it is not later. */
export function microsecondsBetween(from: number, to: number): number {
  return Math.max((to - from) | 0, 0);
}

/** Whether a stamp is of an earlier moment than another. */
export function isEarlier(stamp: number, other: number): boolean {
  return ((stamp - other) | 0) < 0;
}
