/**
 * HTTP semantics (RFC 9110), independent of framing: dates, entity tags, preconditions, ranges, content
 * codings, paths, field values. Pure functions: a request and a representation in, a decision out.
 *
 * ```ts
 * import { evaluatePreconditions, PROCEED, selectRanges } from "./mod.ts";
 *
 * const fields: Record<string, string> = { range: "bytes=0-99", "if-range": '"v1"' };
 * const request = { method: "GET", field: (name: string) => fields[name] };
 * const file = { etag: '"v1"', lastModified: 784111777, size: 1234 };
 * const now = 1_700_000_000;
 * if (evaluatePreconditions(request, file, now) === PROCEED) {
 *   console.log(selectRanges(request, file, now)); // [ { start: 0, end: 100 } ]
 * }
 * ```
 *
 * @module
 */

export { type ContentCoding, NOT_ACCEPTABLE, preferredCoding } from "./content_coding.ts";
export {
  listMatchesStrongly,
  listMatchesWeakly,
  stronglyEqual,
  weaklyEqual,
} from "./entity_tag.ts";
export { type FieldLine, type FieldLineFault, isToken, parseFieldLine } from "./field_value.ts";
export { formatHttpDate, parseHttpDate } from "./http_date.ts";
export {
  type MultipartByteranges,
  multipartByteranges,
  type PartsOf,
} from "./multipart_byteranges.ts";
export {
  evaluatePreconditions,
  NOT_MODIFIED,
  PRECONDITION_FAILED,
  PROCEED,
  type Verdict,
} from "./preconditions.ts";
export {
  type ByteRange,
  contentRange,
  FULL,
  type RangeSelection,
  selectRanges,
  UNSATISFIABLE,
  unsatisfiedContentRange,
} from "./ranges.ts";
export type { ConditionalRequest, Representation } from "./representation.ts";
export {
  decodeRequestPath,
  isRefusedPath,
  type RefusedPath,
  type RefusedPathCode,
  type RequestPath,
} from "./request_path.ts";
