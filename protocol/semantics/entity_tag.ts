/**
 * Entity tags: lists of them, and the two comparisons (RFC 9110 section 8.8.3).
 *
 * In: the value of If-Match or If-None-Match, and the tag of what we have, quotes included. Out: yes or
 * no. A list that breaks the grammar names no tag: for If-Match that ends in 412 and for If-None-Match
 * in the whole answer, so a mistake never spares a check. Called by the preconditions and ranges.
 *
 * Not @std/http's ifMatch and ifNoneMatch: they split a list at commas, which may stand inside a tag,
 * and say that `*` does not match where the tag is weak. `tests/` holds ours against them elsewhere.
 */

/**
 * One element of a list with what separates it from the next, RFC 9110 sections 5.6.1 and 8.8.3; empty
 * elements are to be taken.
 * ```abnf
 * entity-tag = [ weak ] opaque-tag
 * weak       = %s"W/"
 * opaque-tag = DQUOTE *etagc DQUOTE
 * etagc      = %x21 / %x23-7E / obs-text
 * ```
 */
const ELEMENT = /[ \t]*(?:(?<tag>(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;
const ANY = /^[ \t]*\*[ \t]*$/;
const WEAK = "W/";

/** Whether two tags are one by the strong comparison: the same, and neither is weak (section 8.8.3.2). */
export function stronglyEqual(one: string, other: string): boolean {
  return one === other && !one.startsWith(WEAK);
}

/** Whether two tags are one by the weak comparison: the same but for being weak (section 8.8.3.2). */
export function weaklyEqual(one: string, other: string): boolean {
  return opaqueTag(one) === opaqueTag(other);
}

/** Whether a list, or `*`, has the tag by the strong comparison: for If-Match. */
export function listMatchesStrongly(list: string, etag: string): boolean {
  return listMatches(list, etag, stronglyEqual);
}

/** Whether a list, or `*`, has the tag by the weak comparison: for If-None-Match. */
export function listMatchesWeakly(list: string, etag: string): boolean {
  // What nearly every client sends: the tag that it was given.
  return list === etag || listMatches(list, etag, weaklyEqual);
}

function listMatches(
  list: string,
  etag: string,
  equal: (one: string, other: string) => boolean,
): boolean {
  if (ANY.test(list)) return true;
  let matches = false;
  for (let at = 0; at < list.length; at = ELEMENT.lastIndex) {
    ELEMENT.lastIndex = at;
    const found = ELEMENT.exec(list);
    if (found === null) return false;
    const tag = found.groups?.["tag"];
    if (tag !== undefined && equal(tag, etag)) matches = true;
  }
  return matches;
}

function opaqueTag(tag: string): string {
  return tag.startsWith(WEAK) ? tag.slice(WEAK.length) : tag;
}
