/**
 * The known name that a typo most likely stands for.
 *
 * In: the word that was written, and the known names. Out: the name with the smallest edit distance,
 * or undefined if even that one is too far away to be a typo.
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** The nearest name, or undefined if none is near. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  const name = closestString(written, names);
  const distance = levenshteinDistance(written.toLowerCase(), name);
  // Two typos, or one letter of three; a word that shares no letter is another word.
  const isNear = distance <= Math.max(2, name.length / 3) && distance < name.length;
  return isNear ? name : undefined;
}
