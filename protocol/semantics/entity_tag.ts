/**
 * Entity tags: lists, and the strong and weak comparison (RFC 9110 section 8.8.3).
 *
 * In: the value of If-Match or If-None-Match, and the current entity tag, both with quotes. Out: whether
 * they match. Called by the preconditions and ranges. A malformed list matches nothing: If-Match then
 * gives 412 and If-None-Match the full response, so a client's mistake never skips a check.
 *
 * @std/http's ifMatch and ifNoneMatch are not used: they split a list at commas, which may occur inside a
 * tag, and `*` does not match a weak tag there. `tests/` compares the results for all other inputs.
 */

/**
 * One element of a list with its separator, RFC 9110 sections 5.6.1 and 8.8.3; empty elements are
 * accepted.
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

/** Strong comparison: the tags are equal and neither is weak (section 8.8.3.2). */
export function stronglyEqual(one: string, other: string): boolean {
  return one === other && !one.startsWith(WEAK);
}

/** Weak comparison: the tags are equal, ignoring `W/` (section 8.8.3.2). */
export function weaklyEqual(one: string, other: string): boolean {
  return opaqueTag(one) === opaqueTag(other);
}

/** Whether a list, or `*`, matches the tag by the strong comparison: for If-Match. */
export function listMatchesStrongly(list: string, etag: string): boolean {
  return listMatches(list, etag, stronglyEqual);
}

/** Whether a list, or `*`, matches the tag by the weak comparison: for If-None-Match. */
export function listMatchesWeakly(list: string, etag: string): boolean {
  // Nearly every client sends exactly the one tag that it received.
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
