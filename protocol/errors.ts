/**
 * What a peer did wrong, as one error type for HTTP and WebSocket.
 *
 * In: made by the protocol code at the check that failed, where the rule is cited.
 * Out: caught by the session that feeds the connection, which answers with `status` (before an
 * upgrade) or closes with `closeCode` (after it). Misuse by our own code is never a ProtocolError:
 * that throws TypeError or RangeError and surfaces.
 */

/** What `next()` answers when every complete event was given and more bytes are wanted. */
export const NEED_DATA = 0;

/** How a {@link ProtocolError} is to be answered: exactly one of the two numbers is not 0. */
export interface ProtocolErrorAnswer {
  /** The HTTP status to answer with (RFC 9110 section 15), or 0 after an upgrade. */
  status?: number;
  /** The WebSocket close code to send (RFC 6455 section 7.4), or 0 before an upgrade. */
  closeCode?: number;
}

/** The peer broke the protocol. The connection that threw it takes no further input. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
  /** Stable and machine-readable, `HTTP_…` or `WS_…`: tests and logs go by it, never by the message. */
  readonly code: string;
  /** HTTP status to answer with, or 0. */
  readonly status: number;
  /** WebSocket close code to send, or 0. */
  readonly closeCode: number;

  /**
   * @param code stable code, `HTTP_…` or `WS_…`
   * @param message one sentence without a final full stop, naming what was found
   */
  constructor(code: string, message: string, answer: ProtocolErrorAnswer) {
    super(message);
    this.code = code;
    this.status = answer.status ?? 0;
    this.closeCode = answer.closeCode ?? 0;
  }
}
