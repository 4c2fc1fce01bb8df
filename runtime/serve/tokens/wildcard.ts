/**
 * Patterns in which `*` stands for any characters, or none.
 *
 * In: a pattern and a name. Out: whether the name matches as a whole. Pure. It never goes back more than one star, so the time is
 * bounded by the product of the lengths, for any pattern and name.
 */

/**
 * Whether the whole name matches.
 *
 * @param pattern characters, one by one
 * @param name likewise
 * @param anyOne stands for any one character; default: nothing does
 */
export function matchesWildcard(
  pattern: ArrayLike<string>,
  name: ArrayLike<string>,
  anyOne = "",
): boolean {
  let [at, from] = [0, 0];
  let [star, resumed] = [-1, 0];
  while (from < name.length) {
    if (pattern[at] === "*") {
      [star, resumed] = [at, from];
      at++;
    } else if (at < pattern.length && (pattern[at] === name[from] || pattern[at] === anyOne)) {
      at++;
      from++;
    } else if (star >= 0) {
      // The last star takes one more character; an earlier one never has to.
      resumed++;
      [at, from] = [star + 1, resumed];
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
