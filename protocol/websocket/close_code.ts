/**
 * The close codes of RFC 6455 section 7.4 and of its IANA registry.
 *
 * In: the number in a close frame. Out: whether it is allowed there.
 */

/** The purpose was fulfilled. */
export const NORMAL_CLOSURE = 1000;
/** The server is shutting down, or the browser leaves the page. */
export const GOING_AWAY = 1001;
/** The peer violated the protocol. */
export const PROTOCOL_ERROR = 1002;
/** A type of data that the endpoint does not accept, for example text instead of bytes. */
export const UNSUPPORTED_DATA = 1003;
/** Never sent: the received close frame had no code. */
export const NO_STATUS_RECEIVED = 1005;
/** Never sent: the connection ended without a close frame. */
export const ABNORMAL_CLOSURE = 1006;
/** Text that is not UTF-8. */
export const INVALID_PAYLOAD = 1007;
/** The message violates a policy of the endpoint, and no other code fits. */
export const POLICY_VIOLATION = 1008;
/** The message exceeds the size limit. */
export const MESSAGE_TOO_BIG = 1009;
/** Sent by a client if the server did not negotiate an extension that it needs. */
export const MANDATORY_EXTENSION = 1010;
/** The server had an unexpected error. */
export const INTERNAL_ERROR = 1011;
/** The server is restarting (IANA registry). */
export const SERVICE_RESTART = 1012;
/** The server is overloaded (IANA registry). */
export const TRY_AGAIN_LATER = 1013;
/** A gateway received an invalid response (IANA registry). */
export const BAD_GATEWAY = 1014;

/**
 * Whether `code` is allowed in a close frame, in either direction.
 *
 * RFC 6455 section 7.4.1 forbids sending 1004, 1005, 1006 and 1015. By section 7.4.2, 0–999 are unused and
 * 1000–2999 belong to the registry, which adds 1012–1014 to the codes of the RFC; 3000–3999 are for
 * libraries and 4000–4999 for applications. Higher codes do not exist.
 */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  if (code < NORMAL_CLOSURE || code > BAD_GATEWAY) return false;
  return code <= UNSUPPORTED_DATA || code >= INVALID_PAYLOAD;
}
