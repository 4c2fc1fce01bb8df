/**
 * The payload of a close frame (RFC 6455 section 5.5.1): empty, or a code and a reason.
 *
 * In: the unmasked payload, or a code and a reason to send. Out: code and reason, or the payload. Called
 * by the connection.
 */

import { isUtf8 } from "../utf8_validator.ts";
import { isCloseCode, NO_STATUS_RECEIVED } from "./close_code.ts";
import { LONGEST_SHORT } from "./frame_header.ts";
import { violation } from "./violation.ts";

const CODE_BYTES = 2;

/** The content of a close frame. */
export interface ClosePayload {
  /** The code, or 1005 if the frame has none (section 7.1.5). */
  readonly code: number;
  /** The reason, or "". */
  readonly reason: string;
}

/**
 * Parses `bytes[start, end)`, the whole payload of a close frame.
 *
 * @throws ProtocolError for a single byte, a code that must not be sent, or a reason that is not UTF-8
 */
export function parseClosePayload(bytes: Uint8Array, start: number, end: number): ClosePayload {
  if (start === end) return { code: NO_STATUS_RECEIVED, reason: "" };
  if (end - start < CODE_BYTES) {
    throw violation("WS_CLOSE_TOO_SHORT", "A close frame has a payload of 1 byte");
  }
  const code = bytes[start]! * 256 + bytes[start + 1]!;
  // Section 7.4.
  if (!isCloseCode(code)) throw violation("WS_CLOSE_CODE", `A close frame has the code ${code}`);
  const reasonStart = start + CODE_BYTES;
  if (!isUtf8(bytes, reasonStart, end)) {
    throw violation("WS_CLOSE_REASON", "The reason of a close frame is not UTF-8");
  }
  // A byte order mark is kept as part of the reason.
  const reason = new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(bytes.subarray(reasonStart, end));
  return { code, reason };
}

/**
 * Makes the payload of a close frame.
 *
 * @param code a code that may be sent, or 1005 for a frame without one, so that a received code can be
 * echoed unchanged
 * @param reason at most 123 bytes of UTF-8
 * @throws RangeError for any other code, a longer reason, or a reason without a code
 */
export function makeClosePayload(code: number, reason: string): Uint8Array {
  if (code === NO_STATUS_RECEIVED && reason === "") return new Uint8Array(0);
  if (!Number.isInteger(code) || !isCloseCode(code)) {
    throw new RangeError(`Cannot send the close code ${code}: it is not allowed in a frame`);
  }
  const text = new TextEncoder().encode(reason);
  if (text.length > LONGEST_SHORT - CODE_BYTES) {
    throw new RangeError(`Cannot send a close reason of ${text.length} bytes: at most 123 fit`);
  }
  const payload = new Uint8Array(CODE_BYTES + text.length);
  payload[0] = code >>> 8;
  payload[1] = code;
  payload.set(text, CODE_BYTES);
  return payload;
}
