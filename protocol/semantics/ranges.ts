/**
 * Range requests: which bytes of a representation are asked for (RFC 9110 section 14).
 *
 * In: a request whose preconditions hold, the representation, and the present second. Out: the whole,
 * nothing that there is (416), or the ranges to send: one as a plain 206, several as
 * multipart/byteranges. A Range that is malformed, of another unit, or dearer than it is worth is
 * ignored, as section 14.2 allows. Nothing is thrown.
 */

import { MAX_RANGES } from "../limits.ts";
import { stronglyEqual } from "./entity_tag.ts";
import { parseHttpDate } from "./http_date.ts";
import type { ConditionalRequest, Representation } from "./representation.ts";

/** Send all of it, 200: no Range that counts. */
export const FULL = 0;
/** Nothing of what is asked for is there: 416 with {@link unsatisfiedContentRange}. */
export const UNSATISFIABLE = 416;

/** Bytes `[start, end)` of a representation: not empty, and within it. */
export interface ByteRange {
  /** The first byte. */
  readonly start: number;
  /** The byte behind the last. */
  readonly end: number;
}

/** What {@link selectRanges} finds. */
export type RangeSelection = typeof FULL | typeof UNSATISFIABLE | readonly ByteRange[];

/** RFC 9110 section 14.1: the names of units have no case. */
const BYTES_UNIT = /^bytes=/i;
/**
 * RFC 9110 sections 14.1.1 and 14.1.2
 * ```abnf
 * int-range    = first-pos "-" [ last-pos ]
 * suffix-range = "-" suffix-length
 * ```
 */
const RANGE_SPEC = /^[ \t]*(?:(?<first>[0-9]+)-(?<last>[0-9]*)|-(?<suffix>[0-9]+))[ \t]*$/;
/** An element of a list that is to be taken and means nothing, RFC 9110 section 5.6.1.2. */
const EMPTY_ELEMENT = /^[ \t]*$/;

/** About what a part's head weighs: ranges nearer to each other than this are cheaper sent as one. */
const PART_OVERHEAD = 100;

/**
 * Selects what to send.
 *
 * @param now the present in seconds since 1970
 */
export function selectRanges(
  request: ConditionalRequest,
  representation: Representation,
  now: number,
): RangeSelection {
  // RFC 9110 section 14.2: defined for GET alone; HEAD answers as the whole would.
  if (request.method !== "GET") return FULL;
  const range = request.field("range");
  if (range === undefined || !isCurrent(request.field("if-range"), representation, now)) {
    return FULL;
  }
  const { size } = representation;
  // Of nothing no range can be said in Content-Range; clients that ask for all files so get it whole.
  if (size === 0 || !BYTES_UNIT.test(range)) return FULL;
  const elements = range.slice("bytes=".length).split(",");
  const specs = elements.filter((element) => !EMPTY_ELEMENT.test(element));
  // RFC 9110 section 17.15: many ranges are an attack on who makes the answer.
  if (specs.length === 0 || specs.length > MAX_RANGES) return FULL;
  return resolve(specs, size);
}

/** The value of Content-Range for one range, `bytes 0-499/1234` (RFC 9110 section 14.4). */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`;
}

/** The value of Content-Range for 416: what there is, with a star for the range (RFC 9110 section 15.5.17). */
export function unsatisfiedContentRange(size: number): string {
  return `bytes */${size}`;
}

/**
 * If-Range (RFC 9110 section 13.1.5): the client's part is of this very version. Tags by the strong
 * comparison; of a date only the same second counts, and only once it has passed: within it the file
 * may yet change and keep its date (section 8.8.2.2).
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
    // Beyond the end: the others may still be satisfied.
    if (range.start < range.end) found.push(range);
  }
  return found.length === 0 ? UNSATISFIABLE : coalesce(found);
}

/** Undefined where the last position is before the first: such a set is invalid (section 14.1.1). */
function intRange(first: string, last: string, size: number): ByteRange | undefined {
  const start = Number(first);
  if (last === "") return { start, end: size };
  // Compared as numbers: digits beyond 2^53 are far beyond any file, and round the same way.
  if (Number(last) < start) return undefined;
  return { start, end: Math.min(Number(last) + 1, size) };
}

/** Section 14.1.2: the last bytes, or all where there are fewer; of none it is not satisfiable. */
function suffixRange(length: number, size: number): ByteRange {
  return { start: Math.max(0, size - length), end: size };
}

/**
 * RFC 9110 section 15.3.7.2: ranges that overlap or nearly touch are sent as one, so that an answer is
 * never longer than the representation and its heads. The asked order is kept where nothing is joined.
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
