/**
 * Parser of field lines, RFC 9112 section 5.
 *
 * In: bytes from the first field line to `stop`: the end of the received bytes, or the head's limit. Out:
 * the fields in the head's list, the framing and connection fields interpreted, and the offset after the
 * empty line; NEED_DATA if `stop` comes first. Called by the head parser. Like the request line it is read
 * from left to right, and each byte is checked against those before it.
 */
import { COLON, CR, FIELD_TEXT, isBlank, LF, TOKEN } from "../ascii.ts";
import { NEED_DATA, type ProtocolError } from "../errors.ts";
import type { Http1Limits } from "../limits.ts";
import { http1Error } from "./errors.ts";
import { takeField } from "./known_fields.ts";
import type { RequestHead } from "./request_head.ts";

/** Parses `*( field-line CRLF ) CRLF` from `start`. */
export function parseFieldLines(
  bytes: Uint8Array,
  start: number,
  stop: number,
  head: RequestHead,
  limits: Http1Limits,
): number {
  let at = start;
  while (at < stop) {
    if (bytes[at] === CR) return parseLineEnd(bytes, at, stop);
    if (head.fields.length >= limits.fieldCount) throw http1Error("HTTP_TOO_MANY_FIELDS");
    at = parseFieldLine(bytes, at, stop, head);
    if (at === NEED_DATA) return NEED_DATA;
  }
  return NEED_DATA;
}

/** Parses `field-name ":" OWS field-value OWS CRLF` and returns the offset after it. */
function parseFieldLine(bytes: Uint8Array, start: number, stop: number, head: RequestHead): number {
  let at = start;
  while (at < stop && TOKEN[bytes[at]!] === 1) at++;
  if (at >= stop) return NEED_DATA;
  if (bytes[at] !== COLON || at === start) throw badName(bytes[at]!, at === start);
  const nameEnd = at;

  at++;
  while (at < stop && isBlank(bytes[at]!)) at++;
  const valueStart = at;
  while (at < stop && FIELD_TEXT[bytes[at]!] === 1) at++;
  if (at >= stop) return NEED_DATA;
  if (bytes[at] !== CR) throw badValue(bytes[at]!);
  const after = parseLineEnd(bytes, at, stop);
  if (after === NEED_DATA) return NEED_DATA;

  let valueEnd = at;
  while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--;
  head.fields.add(start, nameEnd, valueStart, valueEnd);
  takeField(bytes, start, nameEnd, valueStart, valueEnd, head);
  return after;
}

/** Parses the CRLF at `at`, which is a CR. RFC 9112 section 2.2: a bare CR is invalid. */
function parseLineEnd(bytes: Uint8Array, at: number, stop: number): number {
  if (at + 1 >= stop) return NEED_DATA;
  if (bytes[at + 1] !== LF) throw http1Error("HTTP_BARE_CR");
  return at + 2;
}

/** The error for a field name that ends at the invalid `byte`. */
export function badName(byte: number, empty: boolean): ProtocolError {
  // RFC 9112 section 2.2 allows a recipient to accept a bare LF as a line end. It is refused: a proxy or
  // server that does not accept it would see different lines.
  if (byte === LF) return http1Error("HTTP_BARE_LF");
  if (byte === COLON && empty) return http1Error("HTTP_EMPTY_FIELD_NAME");
  // RFC 9112 section 5.2: obsolete line folding is refused with 400.
  if (empty && isBlank(byte)) return http1Error("HTTP_OBS_FOLD");
  // RFC 9112 section 5.1: white space before the colon is refused with 400.
  if (isBlank(byte)) return http1Error("HTTP_SPACE_BEFORE_COLON");
  return http1Error("HTTP_BAD_FIELD_NAME", byte);
}

/** The error for a field value with the invalid `byte`: RFC 9110 section 5.5 names CR, LF and NUL. */
export function badValue(byte: number): ProtocolError {
  return byte === LF ? http1Error("HTTP_BARE_LF") : http1Error("HTTP_BAD_FIELD_VALUE", byte);
}
