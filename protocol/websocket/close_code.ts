/**
 * The close codes of RFC 6455 section 7.4 and of the IANA registry that it opened.
 *
 * In: the number in a close frame. Out: whether it may stand there.
 */

/** The purpose was fulfilled. */
export const NORMAL_CLOSURE = 1000;
/** The server stops, or the page is left. */
export const GOING_AWAY = 1001;
/** The peer broke the protocol. */
export const PROTOCOL_ERROR = 1002;
/** A kind of data that is not taken here, as text where only bytes are. */
export const UNSUPPORTED_DATA = 1003;
/** Never in a frame: the close frame had no code. */
export const NO_STATUS_RECEIVED = 1005;
/** Never in a frame: the connection ended without a close frame. */
export const ABNORMAL_CLOSURE = 1006;
/** Text that is not UTF-8. */
export const INVALID_PAYLOAD = 1007;
/** A rule of ours, for which there is no better code. */
export const POLICY_VIOLATION = 1008;
/** A message longer than we take. */
export const MESSAGE_TOO_BIG = 1009;
/** Sent by a client that misses an extension. */
export const MANDATORY_EXTENSION = 1010;
/** The server met a condition that it did not expect. */
export const INTERNAL_ERROR = 1011;
/** The server restarts (IANA registry). */
export const SERVICE_RESTART = 1012;
/** The server has too much to do (IANA registry). */
export const TRY_AGAIN_LATER = 1013;
/** A gateway got an invalid answer (IANA registry). */
export const BAD_GATEWAY = 1014;

/**
 * Whether `code` may stand in a close frame, in either direction.
 *
 * RFC 6455 section 7.4.1 keeps 1004, 1005, 1006 and 1015 off the wire; section 7.4.2 leaves 0–999
 * unused and 1000–2999 to the registry, which names 1012–1014 beside the RFC's; 3000–3999 are for
 * libraries, 4000–4999 for applications, and there is none above.
 */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  if (code < NORMAL_CLOSURE || code > BAD_GATEWAY) return false;
  return code <= UNSUPPORTED_DATA || code >= INVALID_PAYLOAD;
}
