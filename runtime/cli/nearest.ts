/**
 * A word that was probably meant.
 *
 * In: what was written, and the words there are. Out: a hint to end an error with.
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** `: did you mean WORD?` where a word is near enough to have been meant, else `otherwise`. */
export function didYouMean(written: string, words: readonly string[], otherwise: string): string {
  const nearest = closestString(written, words);
  const distance = levenshteinDistance(written.toLowerCase(), nearest.toLowerCase());
  // Two slips, or one letter of three wrong: what is farther away is another word.
  const isNear = distance <= Math.max(2, Math.floor(nearest.length / 3));
  return isNear ? `: did you mean ${nearest}?` : otherwise;
}
