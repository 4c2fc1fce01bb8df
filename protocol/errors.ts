/**
 * ProtocolError: the error type for protocol violations by the peer, in HTTP and WebSocket.
 *
 * In: thrown by protocol code at the check that failed, which cites the rule.
 * Out: caught by the session that feeds the connection. It answers with `status` (before an upgrade)
 * or closes with `closeCode` (after it). Misuse by our own code is never a ProtocolError: it throws
 * TypeError or RangeError, which nothing catches.
 */

/** Returned by `next()` if all complete events were returned and more bytes are needed. */
export const NEED_DATA = 0;

/** How to answer a {@link ProtocolError}: exactly one of the two numbers is not 0. */
export interface ProtocolErrorAnswer {
  /** The HTTP status to answer with (RFC 9110 section 15), or 0 after an upgrade. */
  status?: number;
  /** The WebSocket close code to send (RFC 6455 section 7.4), or 0 before an upgrade. */
  closeCode?: number;
}

/** The peer broke the protocol. The connection that threw it takes no further input. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
  /** Stable, machine-readable code, `HTTP_…` or `WS_…`. Tests and logs use it, never the message. */
  readonly code: string;
  /** HTTP status to answer with, or 0. */
  readonly status: number;
  /** WebSocket close code to send, or 0. */
  readonly closeCode: number;

  /**
   * @param code stable code, `HTTP_…` or `WS_…`
   * @param message one sentence without a final full stop, which names what was found
   */
  constructor(code: string, message: string, answer: ProtocolErrorAnswer) {
    super(message);
    this.code = code;
    this.status = answer.status ?? 0;
    this.closeCode = answer.closeCode ?? 0;
  }
}
