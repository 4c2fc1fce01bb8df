/**
 * Writes an integer in decimal digits.
 *
 * In: an array with room, and an integer from 0 to 2^53 - 1, which the caller has checked. Out: the digits in place. No string is
 * made: V8 makes one for each number that it has not seen lately, outside of compiled code.
 */

/** The most digits that an integer has. */
export const MOST_DIGITS = 16;

/** Writes `value` at the offset `at` and returns the offset after it. */
export function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = digits - 1; i >= 0; i--) {
    bytes[at + i] = 0x30 + rest % 10;
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}
