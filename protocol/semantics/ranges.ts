/**
 * Range requests: selects the byte ranges to send (RFC 9110 section 14).
 *
 * In: a request whose preconditions hold, the representation, and the current time. Out: the whole
 * representation, 416, or the ranges to send: one as a plain 206, several as multipart/byteranges. A
 * Range that is malformed, of another unit, or too expensive is ignored, as section 14.2 allows. Nothing
 * is thrown.
 */

import { MAX_RANGES } from "../limits.ts";
import { stronglyEqual } from "./entity_tag.ts";
import { parseHttpDate } from "./http_date.ts";
import type { ConditionalRequest, Representation } from "./representation.ts";

/** Send the whole representation, 200: there is no Range, or it is ignored. */
export const FULL = 0;
/** No requested range overlaps the representation: 416 with {@link unsatisfiedContentRange}. */
export const UNSATISFIABLE = 416;

/** Bytes `[start, end)` of a representation: not empty, and in bounds. */
export interface ByteRange {
  /** The first byte. */
  readonly start: number;
  /** The offset after the last byte. */
  readonly end: number;
}

/** The result of {@link selectRanges}. */
export type RangeSelection = typeof FULL | typeof UNSATISFIABLE | readonly ByteRange[];

/** RFC 9110 section 14.1: unit names are case-insensitive. */
const BYTES_UNIT = /^bytes=/i;
/**
 * RFC 9110 sections 14.1.1 and 14.1.2
 * ```abnf
 * int-range    = first-pos "-" [ last-pos ]
 * suffix-range = "-" suffix-length
 * ```
 */
const RANGE_SPEC = /^[ \t]*(?:(?<first>[0-9]+)-(?<last>[0-9]*)|-(?<suffix>[0-9]+))[ \t]*$/;
/** An empty list element: accepted and ignored, RFC 9110 section 5.6.1.2. */
const EMPTY_ELEMENT = /^[ \t]*$/;

/** About the bytes of a part header: ranges with a smaller gap between them are cheaper to send as one. */
const PART_OVERHEAD = 100;

/**
 * Selects what to send.
 *
 * @param now the current time in seconds since 1970
 */
export function selectRanges(
  request: ConditionalRequest,
  representation: Representation,
  now: number,
): RangeSelection {
  // RFC 9110 section 14.2: Range is defined for GET only; HEAD gets the head of the 200.
  if (request.method !== "GET") return FULL;
  const range = request.field("range");
  if (range === undefined || !isCurrent(request.field("if-range"), representation, now)) {
    return FULL;
  }
  const { size } = representation;
  // Content-Range cannot express a range of an empty file. Clients that always send Range get it as 200.
  if (size === 0 || !BYTES_UNIT.test(range)) return FULL;
  const elements = range.slice("bytes=".length).split(",");
  const specs = elements.filter((element) => !EMPTY_ELEMENT.test(element));
  // RFC 9110 section 17.15: many ranges are a denial-of-service attack.
  if (specs.length === 0 || specs.length > MAX_RANGES) return FULL;
  return resolve(specs, size);
}

/** The value of Content-Range for one range, `bytes 0-499/1234` (RFC 9110 section 14.4). */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`;
}

/** The value of Content-Range for 416, `bytes` with `*` and the size (RFC 9110 section 15.5.17). */
export function unsatisfiedContentRange(size: number): string {
  return `bytes */${size}`;
}

/**
 * If-Range (RFC 9110 section 13.1.5): whether the client's partial copy is of the current version. Tags
 * use the strong comparison. A date must be equal, and its second must be over: within the same second the
 * file can change and keep its date (section 8.8.2.2).
 */
function isCurrent(
  value: string | undefined,
  representation: Representation,
  now: number,
): boolean {
  if (value === undefined) return true;
  if (value.endsWith('"')) return stronglyEqual(value, representation.etag);
  if (representation.lastModified === undefined) return false;
  const lastModified = Math.floor(representation.lastModified);
  return now > lastModified && parseHttpDate(value, now) === lastModified;
}

function resolve(specs: readonly string[], size: number): RangeSelection {
  const found: ByteRange[] = [];
  for (const spec of specs) {
    const groups = RANGE_SPEC.exec(spec)?.groups;
    if (groups === undefined) return FULL;
    const range = groups["suffix"] === undefined
      ? intRange(groups["first"] ?? "", groups["last"] ?? "", size)
      : suffixRange(Number(groups["suffix"]), size);
    if (range === undefined) return FULL;
    // A range beyond the end is dropped: the others may still be satisfiable.
    if (range.start < range.end) found.push(range);
  }
  return found.length === 0 ? UNSATISFIABLE : coalesce(found);
}

/** Undefined if the last position is before the first: the whole set is then invalid (section 14.1.1). */
function intRange(first: string, last: string, size: number): ByteRange | undefined {
  const start = Number(first);
  if (last === "") return { start, end: size };
  // Compared as numbers: positions above 2^53 are beyond any file, and rounding keeps their order.
  if (Number(last) < start) return undefined;
  return { start, end: Math.min(Number(last) + 1, size) };
}

/** Section 14.1.2: the last `length` bytes, or all if there are fewer. A length of 0 is not satisfiable. */
function suffixRange(length: number, size: number): ByteRange {
  return { start: Math.max(0, size - length), end: size };
}

/**
 * RFC 9110 section 15.3.7.2: ranges that overlap or nearly touch are sent as one, so that a response is
 * never longer than the representation and the part headers. If nothing is joined, the requested order is kept.
 */
function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  if (ranges.length === 1) return ranges;
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  const joined: ByteRange[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last === undefined || range.start - last.end > PART_OVERHEAD) joined.push(range);
    else joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return joined.length === ranges.length ? ranges : joined;
}
