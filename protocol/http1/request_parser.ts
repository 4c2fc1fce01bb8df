/**
 * The head of a request: request line, field lines, empty line (RFC 9112 section 2.1).
 *
 * In: bytes that begin where the last message ended. Out: the filled head and the number of bytes it
 * took; NEED_DATA; or a ProtocolError. Called by the connection. It keeps no state between calls: an
 * incomplete head is parsed again from its start. The head has at most `headBytes`, and the
 * connection calls only when a further LF has come, so a head costs at most (its lines × its bytes).
 *
 * All decisions are made from left to right, limits included, so that the verdict on a prefix is the
 * verdict on whatever continues it: a head meets the same fate in one piece and byte by byte.
 */
import { CR, LF } from "../ascii.ts";
import { NEED_DATA } from "../errors.ts";
import type { Http1Limits } from "../limits.ts";
import { http1Error } from "./errors.ts";
import { parseFieldLines } from "./field_lines.ts";
import { concludeFields } from "./known_fields.ts";
import type { RequestHead } from "./request_head.ts";
import { parseRequestLine } from "./request_line.ts";

const CRLF_LENGTH = 2;

/**
 * Bytes of empty lines that may stand before a request line. RFC 9112 section 2.2 asks for at least
 * one to be ignored, for old clients that end a body with a CRLF too many.
 */
export const EMPTY_LINES_BYTES: number = 2 * CRLF_LENGTH;

/**
 * Parses the head that begins at `start`.
 *
 * @returns how many bytes it took, or NEED_DATA; `head` is of use only in the first case
 * @throws ProtocolError with 400, 413, 414, 417, 431, 501 or 505
 */
export function parseRequestHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: RequestHead,
  limits: Http1Limits,
): number {
  const full = start + limits.headBytes;
  const stop = Math.min(end, full);
  const line = skipEmptyLines(bytes, start, stop);
  if (isHalfEmptyLine(bytes, line, stop) && line < start + EMPTY_LINES_BYTES) {
    return needMore(stop, full);
  }
  head.begin(bytes);

  const lineFull = line + limits.requestLineBytes + CRLF_LENGTH;
  const fields = parseRequestLine(bytes, line, Math.min(stop, lineFull), head);
  if (fields === NEED_DATA) {
    // RFC 9112 section 3: 414 for a target that is too long, without waiting for its end.
    if (stop >= lineFull) throw http1Error("HTTP_REQUEST_LINE_TOO_LONG");
    return needMore(stop, full);
  }

  const after = parseFieldLines(bytes, fields, stop, head, limits);
  if (after === NEED_DATA) return needMore(stop, full);
  concludeFields(head, limits);
  head.finish(line, after);
  return after - start;
}

/** Whether nothing but whole or half empty lines stands in `bytes[start, end)`. */
export function isEmptyLines(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== CR && bytes[at] !== LF) return false;
  }
  return true;
}

/** NEED_DATA, unless the head already has all the bytes that it may have (RFC 6585 section 5). */
function needMore(stop: number, full: number): number {
  if (stop >= full) throw http1Error("HTTP_HEAD_TOO_LARGE");
  return NEED_DATA;
}

/** Whether a CR is all that there is from `at` on: an empty line or a fault, nobody knows yet. */
function isHalfEmptyLine(bytes: Uint8Array, at: number, stop: number): boolean {
  return at + 1 === stop && bytes[at] === CR;
}

/** The position behind the empty lines that are to be ignored. */
function skipEmptyLines(bytes: Uint8Array, start: number, stop: number): number {
  let at = start;
  const last = Math.min(start + EMPTY_LINES_BYTES, stop);
  while (at + 1 < last && bytes[at] === CR && bytes[at + 1] === LF) at += CRLF_LENGTH;
  return at;
}
