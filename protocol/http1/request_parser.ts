/**
 * Parser of a request head: request line, field lines, empty line (RFC 9112 section 2.1).
 *
 * In: bytes that begin where the last message ended. Out: the filled head and the number of bytes
 * consumed; NEED_DATA; or a ProtocolError. Called by the request reader. It keeps no state between calls:
 * an incomplete head is parsed again from its start. A head has at most `headBytes`, and the reader calls
 * only after another LF has arrived, so a head costs at most (its lines × its bytes).
 *
 * All checks are made from left to right, including the limits. If a prefix is refused, every
 * continuation of it is refused with the same error. So the result does not depend on how the head is
 * split into pieces.
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
 * Bytes of empty lines that are ignored before a request line. RFC 9112 section 2.2 requires at least one,
 * for old clients that send an extra CRLF after a body.
 */
export const EMPTY_LINES_BYTES: number = 2 * CRLF_LENGTH;

/**
 * Parses the head that begins at `start`.
 *
 * @returns the number of bytes consumed, or NEED_DATA; `head` is valid only in the first case
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
    // RFC 9112 section 3: 414 for a target that is too long, before its end has arrived.
    if (stop >= lineFull) throw http1Error("HTTP_REQUEST_LINE_TOO_LONG");
    return needMore(stop, full);
  }

  const after = parseFieldLines(bytes, fields, stop, head, limits);
  if (after === NEED_DATA) return needMore(stop, full);
  concludeFields(head, limits);
  head.finish(line, after);
  return after - start;
}

/** Whether `bytes[start, end)` contains only empty lines, the last one possibly incomplete. */
export function isEmptyLines(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== CR && bytes[at] !== LF) return false;
  }
  return true;
}

/** Returns NEED_DATA, or throws if the head has reached its limit (RFC 6585 section 5). */
function needMore(stop: number, full: number): number {
  if (stop >= full) throw http1Error("HTTP_HEAD_TOO_LARGE");
  return NEED_DATA;
}

/** Whether a single CR is left at `at`: more bytes decide if it is an empty line or an error. */
function isHalfEmptyLine(bytes: Uint8Array, at: number, stop: number): boolean {
  return at + 1 === stop && bytes[at] === CR;
}

/** The offset after the empty lines that are ignored. */
function skipEmptyLines(bytes: Uint8Array, start: number, stop: number): number {
  let at = start;
  const last = Math.min(start + EMPTY_LINES_BYTES, stop);
  while (at + 1 < last && bytes[at] === CR && bytes[at + 1] === LF) at += CRLF_LENGTH;
  return at;
}
