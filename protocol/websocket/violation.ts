/**
 * All protocol violations of a WebSocket peer after the handshake, each with the close code that answers
 * it (RFC 6455 section 7.4.1).
 *
 * In: the stable code and a message, from the check that failed. Out: the ProtocolError to throw.
 */

import { ProtocolError } from "../errors.ts";
import {
  INVALID_PAYLOAD,
  MESSAGE_TOO_BIG,
  POLICY_VIOLATION,
  PROTOCOL_ERROR,
} from "./close_code.ts";

/** Maps stable codes, for tests and logs, to close codes, for the peer. */
export const VIOLATIONS = {
  /** A reserved bit is set that no negotiated extension has defined there (section 5.2, RFC 7692 section 6.1). */
  WS_RESERVED_BITS: PROTOCOL_ERROR,
  /** An opcode that the RFC reserves (section 5.2). */
  WS_UNKNOWN_OPCODE: PROTOCOL_ERROR,
  /** A client's frame without a mask (section 5.1). */
  WS_NOT_MASKED: PROTOCOL_ERROR,
  /** A server's frame with a mask (section 5.1). */
  WS_MASKED: PROTOCOL_ERROR,
  /** A length written in more bytes than it needs (section 5.2). */
  WS_LENGTH_NOT_MINIMAL: PROTOCOL_ERROR,
  /** A 64-bit length with its most significant bit set (section 5.2). */
  WS_LENGTH_TOP_BIT: PROTOCOL_ERROR,
  /** A control frame without FIN (section 5.5). */
  WS_FRAGMENTED_CONTROL: PROTOCOL_ERROR,
  /** A control frame of more than 125 bytes (section 5.5). */
  WS_CONTROL_TOO_LONG: PROTOCOL_ERROR,
  /** A continuation frame outside a message (section 5.4). */
  WS_UNEXPECTED_CONTINUATION: PROTOCOL_ERROR,
  /** A new message before the last one ended (section 5.4). */
  WS_EXPECTED_CONTINUATION: PROTOCOL_ERROR,
  /** A close frame with a payload of one byte (section 5.5.1). */
  WS_CLOSE_TOO_SHORT: PROTOCOL_ERROR,
  /** A close code that must not be sent (section 7.4). */
  WS_CLOSE_CODE: PROTOCOL_ERROR,
  /** A close reason that is not UTF-8 (section 5.5.1). */
  WS_CLOSE_REASON: INVALID_PAYLOAD,
  /** A text message that is not UTF-8 (section 8.1). */
  WS_INVALID_UTF8: INVALID_PAYLOAD,
  /** A compressed message that cannot be inflated (RFC 7692 section 7.2.2). */
  WS_INVALID_DEFLATE: INVALID_PAYLOAD,
  /** More frames for one message than `limits.fragmentCount`. */
  WS_TOO_MANY_FRAGMENTS: POLICY_VIOLATION,
  /** More bytes for one message than `limits.messageBytes`. */
  WS_MESSAGE_TOO_BIG: MESSAGE_TOO_BIG,
} as const;

/** Stable code of a violation. */
export type ViolationCode = keyof typeof VIOLATIONS;

/**
 * Makes the error for `code`.
 *
 * @param message one sentence without a final full stop, which names what was found
 */
export function violation(code: ViolationCode, message: string): ProtocolError {
  return new ProtocolError(code, message, { closeCode: VIOLATIONS[code] });
}
