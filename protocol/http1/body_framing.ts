/**
 * Request body framing by Content-Length and Transfer-Encoding (RFC 9112 section 6).
 *
 * In: the values of the two fields in their order, and at the end the whole head. Out: `contentLength`
 * and `chunked` of the head. Called by the known-field parser and at the end of the head. Stricter than
 * the RFC wherever two recipients could see different bodies, because that allows request smuggling.
 */
import { COMMA, DIGIT, equalsLower, isBlank, latin1Bytes } from "../ascii.ts";
import type { Http1Limits } from "../limits.ts";
import { http1Error } from "./errors.ts";
import { type RequestHead, SAW_ENCODING, SAYS_OTHER_ENCODING } from "./request_head.ts";

const ZERO = 0x30;

const CHUNKED = latin1Bytes("chunked");

/** Parses the value of a Content-Length field: `1*DIGIT` (RFC 9110 section 8.6). */
export function judgeContentLength(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: RequestHead,
): void {
  // RFC 9110 section 8.6 allows repeated equal lengths. They are refused: no legitimate client sends them.
  if (head.contentLength >= 0) throw http1Error("HTTP_REPEATED_CONTENT_LENGTH");
  if (start >= end) throw http1Error("HTTP_BAD_CONTENT_LENGTH");
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (DIGIT[byte] === 0) throw http1Error("HTTP_BAD_CONTENT_LENGTH", byte);
    length = length * 10 + (byte - ZERO);
    // Above this, integers are no longer exact; RFC 9110 section 8.6 warns of overflow.
    if (length > Number.MAX_SAFE_INTEGER) throw http1Error("HTTP_BAD_CONTENT_LENGTH");
  }
  head.contentLength = length;
}

/** Parses the value of a Transfer-Encoding field. All such fields together are checked at the end of the head. */
export function judgeTransferEncoding(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: RequestHead,
): void {
  // RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 means that the framing is faulty.
  if (head.minorVersion === 0) throw http1Error("HTTP_ENCODING_IN_HTTP10");
  const isFirst = (head.marks & SAW_ENCODING) === 0;
  head.marks |= SAW_ENCODING;
  // A second field continues the list of the first (RFC 9110 section 5.3).
  if (isFirst && equalsLower(bytes, start, end, CHUNKED)) {
    head.chunked = true;
    return;
  }
  head.marks |= SAYS_OTHER_ENCODING;
  head.chunked = endsInChunked(bytes, start, end);
}

/** Checks the framing of the complete head, before any of the body is read. */
export function judgeFraming(head: RequestHead, limits: Http1Limits): void {
  if ((head.marks & SAW_ENCODING) !== 0) judgeCodings(head);
  if (head.contentLength < 0) return;
  // RFC 9112 section 6.3 rule 3: "ought to be handled as an error".
  if (head.chunked) throw http1Error("HTTP_LENGTH_AND_ENCODING");
  if (head.contentLength > limits.bodyBytes) throw http1Error("HTTP_BODY_TOO_LARGE");
}

/** Whether the last coding of the list is `chunked` without parameters (RFC 9112 section 7.1). */
function endsInChunked(bytes: Uint8Array, start: number, end: number): boolean {
  let last = end;
  while (last > start && bytes[last - 1] !== COMMA) last--;
  while (last < end && isBlank(bytes[last]!)) last++;
  return equalsLower(bytes, last, end, CHUNKED);
}

function judgeCodings(head: RequestHead): void {
  // RFC 9112 section 6.3 rule 4: 400, because the end of such a body cannot be determined.
  if (!head.chunked) throw http1Error("HTTP_CHUNKED_NOT_LAST");
  // RFC 9112 section 6.1: 501 for an unknown coding; also for chunked twice.
  if ((head.marks & SAYS_OTHER_ENCODING) !== 0) throw http1Error("HTTP_UNKNOWN_ENCODING");
}
