/**
 * How long a request's body is: Content-Length, Transfer-Encoding, and the two together
 * (RFC 9112 section 6).
 *
 * In: the values of the two fields as they are met, and at the end the whole head. Out:
 * `contentLength` and `chunked` of the head. Called by the parser of known fields and at the end of
 * the head. Stricter than the text wherever two readers might see two different bodies: that is how
 * requests are smuggled.
 */
import { COMMA, DIGIT, equalsLower, isBlank, latin1Bytes } from "../ascii.ts";
import type { Http1Limits } from "../limits.ts";
import { http1Error } from "./errors.ts";
import { type RequestHead, SAW_ENCODING, SAYS_OTHER_ENCODING } from "./request_head.ts";

const ZERO = 0x30;

const CHUNKED = latin1Bytes("chunked");

/** Takes the value of a Content-Length field: `1*DIGIT` (RFC 9110 section 8.6). */
export function judgeContentLength(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: RequestHead,
): void {
  // RFC 9110 section 8.6 lets equal lengths pass as one; nobody honest sends two.
  if (head.contentLength >= 0) throw http1Error("HTTP_REPEATED_CONTENT_LENGTH");
  if (start >= end) throw http1Error("HTTP_BAD_CONTENT_LENGTH");
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (DIGIT[byte] === 0) throw http1Error("HTTP_BAD_CONTENT_LENGTH", byte);
    length = length * 10 + (byte - ZERO);
    // Beyond this integers are no longer exact; RFC 9110 section 8.6 warns of overflow.
    if (length > Number.MAX_SAFE_INTEGER) throw http1Error("HTTP_BAD_CONTENT_LENGTH");
  }
  head.contentLength = length;
}

/** Takes the value of a Transfer-Encoding field; what all of them say together is judged at the end. */
export function judgeTransferEncoding(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: RequestHead,
): void {
  // RFC 9112 section 6.1: such a message has faulty framing.
  if (head.minorVersion === 0) throw http1Error("HTTP_ENCODING_IN_HTTP10");
  const isFirst = (head.marks & SAW_ENCODING) === 0;
  head.marks |= SAW_ENCODING;
  // A second field goes on with the list of the first (RFC 9110 section 5.3).
  if (isFirst && equalsLower(bytes, start, end, CHUNKED)) {
    head.chunked = true;
    return;
  }
  head.marks |= SAYS_OTHER_ENCODING;
  head.chunked = endsInChunked(bytes, start, end);
}

/** Judges the framing of the whole head, before any of the body is waited for. */
export function judgeFraming(head: RequestHead, limits: Http1Limits): void {
  if ((head.marks & SAW_ENCODING) !== 0) judgeCodings(head);
  if (head.contentLength < 0) return;
  // RFC 9112 section 6.3 rule 3: "ought to be handled as an error". It is.
  if (head.chunked) throw http1Error("HTTP_LENGTH_AND_ENCODING");
  if (head.contentLength > limits.bodyBytes) throw http1Error("HTTP_BODY_TOO_LARGE");
}

/** Whether the last coding of a list is `chunked`, without a parameter (RFC 9112 section 7.1). */
function endsInChunked(bytes: Uint8Array, start: number, end: number): boolean {
  let last = end;
  while (last > start && bytes[last - 1] !== COMMA) last--;
  while (last < end && isBlank(bytes[last]!)) last++;
  return equalsLower(bytes, last, end, CHUNKED);
}

function judgeCodings(head: RequestHead): void {
  // RFC 9112 section 6.3 rule 4: 400, as nobody can tell where such a body ends.
  if (!head.chunked) throw http1Error("HTTP_CHUNKED_NOT_LAST");
  // RFC 9112 section 6.1: 501 for a coding that is not understood; chunked twice is one too.
  if ((head.marks & SAYS_OTHER_ENCODING) !== 0) throw http1Error("HTTP_UNKNOWN_ENCODING");
}
