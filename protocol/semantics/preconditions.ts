/**
 * Conditional requests, in their precedence (RFC 9110 section 13.2.2).
 *
 * In: a request, the representation that would answer it with 200, and the present second. Out: go on,
 * 304 or 412. Called before a handler does its work, and before ranges: If-Range is theirs. Fields
 * that are no valid date are ignored, as section 13.1 wants. Nothing is thrown.
 */

import { listMatchesStrongly, listMatchesWeakly } from "./entity_tag.ts";
import { parseHttpDate } from "./http_date.ts";
import type { ConditionalRequest, Representation } from "./representation.ts";

/** The request is to be answered as if it had no condition. */
export const PROCEED = 0;
/** The client has it already: 304, with ETag, Cache-Control, Vary, Expires, Content-Location alone. */
export const NOT_MODIFIED = 304;
/** The client wants another version: 412. */
export const PRECONDITION_FAILED = 412;

/** What {@link evaluatePreconditions} finds. */
export type Verdict = typeof PROCEED | typeof NOT_MODIFIED | typeof PRECONDITION_FAILED;

/** Section 13.2.1: methods without a representation, whose conditions are ignored. */
const WITHOUT_REPRESENTATION: readonly string[] = ["CONNECT", "OPTIONS", "TRACE"];

/**
 * Judges a request's conditions.
 *
 * @param now the present in seconds since 1970
 */
export function evaluatePreconditions(
  request: ConditionalRequest,
  representation: Representation,
  now: number,
): Verdict {
  const { method } = request;
  if (WITHOUT_REPRESENTATION.includes(method)) return PROCEED;
  // Steps 1 and 2: what the client believes to be there is not.
  if (isAnother(request, representation, now)) return PRECONDITION_FAILED;
  const reads = method === "GET" || method === "HEAD";
  const noneMatch = request.field("if-none-match");
  // Step 3. With If-None-Match the date is not even looked at: the tag knows better.
  if (noneMatch !== undefined) {
    if (!listMatchesWeakly(noneMatch, representation.etag)) return PROCEED;
    return reads ? NOT_MODIFIED : PRECONDITION_FAILED;
  }
  // Step 4.
  return reads && !isModifiedSince(request, representation, now) ? NOT_MODIFIED : PROCEED;
}

/** If-Match (section 13.1.1), or without it If-Unmodified-Since (section 13.1.4), fails. */
function isAnother(
  request: ConditionalRequest,
  representation: Representation,
  now: number,
): boolean {
  const match = request.field("if-match");
  if (match !== undefined) return !listMatchesStrongly(match, representation.etag);
  const since = dateOf(request.field("if-unmodified-since"), now);
  const { lastModified } = representation;
  // Section 13.1.4: ignored if the resource has no modification date.
  return since !== undefined && lastModified !== undefined && Math.floor(lastModified) > since;
}

/** Section 13.1.3; true without the field, and without a date to compare. */
function isModifiedSince(
  request: ConditionalRequest,
  representation: Representation,
  now: number,
): boolean {
  const since = dateOf(request.field("if-modified-since"), now);
  const { lastModified } = representation;
  // Section 13.1.3: ignored if the resource has no modification date.
  return since === undefined || lastModified === undefined || Math.floor(lastModified) > since;
}

/** Two lines of one name arrive joined by a comma, which is no date: ignored, as both texts want. */
function dateOf(value: string | undefined, now: number): number | undefined {
  return value === undefined ? undefined : parseHttpDate(value, now);
}
