/**
 * The six fields that control the connection and the framing: Host, Connection, Upgrade, Expect,
 * Content-Length and Transfer-Encoding.
 *
 * In: each parsed field line; at the end, the complete head. Out: the head's flags. Called by the field
 * and head parsers. All other fields are ignored here; handlers read them with `field()`.
 */
import { COMMA, equalsLower, isBlank, latin1Bytes } from "../ascii.ts";
import type { Http1Limits } from "../limits.ts";
import { judgeContentLength, judgeFraming, judgeTransferEncoding } from "./body_framing.ts";
import { http1Error } from "./errors.ts";
import { isHost } from "./host.ts";
import {
  type RequestHead,
  SAW_HOST,
  SAW_UPGRADE,
  SAYS_CLOSE,
  SAYS_CONTINUE,
  SAYS_KEEP_ALIVE,
  SAYS_OTHER_EXPECTATION,
  SAYS_UPGRADE,
} from "./request_head.ts";

const HOST = latin1Bytes("host");
const EXPECT = latin1Bytes("expect");
const UPGRADE = latin1Bytes("upgrade");
const CONNECTION = latin1Bytes("connection");
const CONTENT_LENGTH = latin1Bytes("content-length");
const TRANSFER_ENCODING = latin1Bytes("transfer-encoding");

const CLOSE = latin1Bytes("close");
const KEEP_ALIVE = latin1Bytes("keep-alive");
const CONTINUE = latin1Bytes("100-continue");

/** Interprets a field line if it is one of the six. The length of the name rules out most others. */
export function takeField(
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  start: number,
  end: number,
  head: RequestHead,
): void {
  switch (nameEnd - nameStart) {
    case 4:
      if (equalsLower(bytes, nameStart, nameEnd, HOST)) takeHost(bytes, start, end, head);
      return;
    case 6:
      if (equalsLower(bytes, nameStart, nameEnd, EXPECT)) takeExpect(bytes, start, end, head);
      return;
    case 7:
      if (start < end && equalsLower(bytes, nameStart, nameEnd, UPGRADE)) head.marks |= SAW_UPGRADE;
      return;
    case 10:
      if (equalsLower(bytes, nameStart, nameEnd, CONNECTION)) takeOptions(bytes, start, end, head);
      return;
    case 14:
      if (equalsLower(bytes, nameStart, nameEnd, CONTENT_LENGTH)) {
        judgeContentLength(bytes, start, end, head);
      }
      return;
    case 17:
      if (equalsLower(bytes, nameStart, nameEnd, TRANSFER_ENCODING)) {
        judgeTransferEncoding(bytes, start, end, head);
      }
  }
}

/** Checks the complete head and sets its flags from its marks. */
export function concludeFields(head: RequestHead, limits: Http1Limits): void {
  const marks = head.marks;
  const http11 = head.minorVersion === 1;
  // RFC 9112 section 3.2: 400 for HTTP/1.1 without Host.
  if (http11 && (marks & SAW_HOST) === 0) throw http1Error("HTTP_MISSING_HOST");
  judgeFraming(head, limits);
  // RFC 9110 section 10.1.1: 417 for an unknown expectation.
  if ((marks & SAYS_OTHER_EXPECTATION) !== 0) throw http1Error("HTTP_EXPECTATION_FAILED");
  // RFC 9112 section 9.3, in its order: close, then HTTP/1.1, then keep-alive in HTTP/1.0.
  head.keepAlive = (marks & SAYS_CLOSE) === 0 && (http11 || (marks & SAYS_KEEP_ALIVE) !== 0);
  // RFC 9110 section 7.8: an Upgrade in HTTP/1.0 is ignored, and so is one without the option.
  const upgradeMarks = SAW_UPGRADE | SAYS_UPGRADE;
  head.upgrade = http11 && (marks & upgradeMarks) === upgradeMarks;
  // RFC 9110 section 10.1.1: ignored in HTTP/1.0. It has no effect if there is no body.
  head.expectContinue = http11 && (marks & SAYS_CONTINUE) !== 0 && head.hasBody();
}

function takeHost(bytes: Uint8Array, start: number, end: number, head: RequestHead): void {
  // RFC 9112 section 3.2: 400 for more than one Host, and for an invalid one. An empty value is valid:
  // clients send it if the target has no authority.
  if ((head.marks & SAW_HOST) !== 0) throw http1Error("HTTP_REPEATED_HOST");
  if (start < end && !isHost(bytes, start, end)) throw http1Error("HTTP_BAD_HOST");
  head.marks |= SAW_HOST;
}

function takeExpect(bytes: Uint8Array, start: number, end: number, head: RequestHead): void {
  // RFC 9110 section 10.1.1: the value is case-insensitive. Other values are refused at the end of the
  // head, because the next line may be a fold, which is another error.
  const isContinue = equalsLower(bytes, start, end, CONTINUE);
  head.marks |= isContinue ? SAYS_CONTINUE : SAYS_OTHER_EXPECTATION;
}

/** Parses `Connection = #connection-option` (RFC 9110 section 7.6.1); unknown options are ignored. */
function takeOptions(bytes: Uint8Array, start: number, end: number, head: RequestHead): void {
  let from = start;
  for (let at = start; at <= end; at++) {
    if (at < end && bytes[at] !== COMMA) continue;
    takeOption(bytes, from, at, head);
    from = at + 1;
  }
}

function takeOption(bytes: Uint8Array, start: number, end: number, head: RequestHead): void {
  let first = start;
  let last = end;
  while (first < last && isBlank(bytes[first]!)) first++;
  while (first < last && isBlank(bytes[last - 1]!)) last--;
  if (equalsLower(bytes, first, last, CLOSE)) head.marks |= SAYS_CLOSE;
  else if (equalsLower(bytes, first, last, KEEP_ALIVE)) head.marks |= SAYS_KEEP_ALIVE;
  else if (equalsLower(bytes, first, last, UPGRADE)) head.marks |= SAYS_UPGRADE;
}
