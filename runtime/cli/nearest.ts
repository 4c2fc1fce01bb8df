/**
 * The option that was probably meant.
 *
 * In: the name that was written, without dashes or prefix, and the names there are. Out: the nearest,
 * if it is near enough to have been meant.
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** The nearest name, or undefined where all are far from what was written. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  const name = closestString(written, names);
  const distance = levenshteinDistance(written.toLowerCase(), name);
  // Two slips, or one letter of three wrong; what shares no letter is another word.
  const isNear = distance <= Math.max(2, name.length / 3) && distance < name.length;
  return isNear ? name : undefined;
}
