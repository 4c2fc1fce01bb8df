/**
 * Preconditions of conditional requests, in their precedence (RFC 9110 section 13.2.2).
 *
 * In: a request, the representation that a 200 would send, and the current time. Out: proceed, 304 or
 * 412. Called before the handler runs and before range selection, which evaluates If-Range. Invalid dates
 * are ignored, as section 13.1 requires. Nothing is thrown.
 */

import { listMatchesStrongly, listMatchesWeakly } from "./entity_tag.ts";
import { parseHttpDate } from "./http_date.ts";
import type { ConditionalRequest, Representation } from "./representation.ts";

/** Answer the request as if it had no preconditions. */
export const PROCEED = 0;
/** The client's copy is current: 304, with only ETag, Cache-Control, Vary, Expires, Content-Location. */
export const NOT_MODIFIED = 304;
/** The precondition is false: 412. */
export const PRECONDITION_FAILED = 412;

/** The result of {@link evaluatePreconditions}. */
export type Verdict = typeof PROCEED | typeof NOT_MODIFIED | typeof PRECONDITION_FAILED;

/** Section 13.2.1: methods without a selected representation; their preconditions are ignored. */
const WITHOUT_REPRESENTATION: readonly string[] = ["CONNECT", "OPTIONS", "TRACE"];

/**
 * Evaluates the preconditions of a request.
 *
 * @param now the current time in seconds since 1970
 */
export function evaluatePreconditions(
  request: ConditionalRequest,
  representation: Representation,
  now: number,
): Verdict {
  const { method } = request;
  if (WITHOUT_REPRESENTATION.includes(method)) return PROCEED;
  // Steps 1 and 2: the current version is not the one that the client expects.
  if (expectsOtherVersion(request, representation, now)) return PRECONDITION_FAILED;
  const reads = method === "GET" || method === "HEAD";
  const noneMatch = request.field("if-none-match");
  // Step 3. If there is an If-None-Match, If-Modified-Since is ignored: the tag is more precise.
  if (noneMatch !== undefined) {
    if (!listMatchesWeakly(noneMatch, representation.etag)) return PROCEED;
    return reads ? NOT_MODIFIED : PRECONDITION_FAILED;
  }
  // Step 4.
  return reads && !isModifiedSince(request, representation, now) ? NOT_MODIFIED : PROCEED;
}

/** Whether If-Match (section 13.1.1), or without it If-Unmodified-Since (section 13.1.4), is false. */
function expectsOtherVersion(
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

/** Section 13.1.3; true if there is no field, or no date to compare. */
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

/** Repeated lines are joined by a comma. That is not a valid date, so they are ignored, as the RFC requires. */
function dateOf(value: string | undefined, now: number): number | undefined {
  return value === undefined ? undefined : parseHttpDate(value, now);
}
