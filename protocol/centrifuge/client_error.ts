/**
 * The errors that a command is answered with, by the Centrifuge protocol's own codes.
 *
 * In: nothing. Out: a table of code, message and whether trying again later makes sense. After 109 clients ask for
 * a new token, after 112 they load the state again, and after a `temporary` one they try again. Handlers may use codes of
 * their own, from 400 to 1999.
 */

/** An error in a reply. */
export interface ClientError {
  readonly code: number;
  readonly message: string;
  /** Whether the client tries again, after a pause. */
  readonly temporary: boolean;
}

/** The errors of the protocol, by name. */
export const CLIENT_ERRORS = {
  /** The server failed; the client is not to blame. */
  INTERNAL: { code: 100, message: "internal server error", temporary: true },
  UNAUTHORIZED: { code: 101, message: "unauthorized", temporary: false },
  /** The channel's namespace does not exist. */
  UNKNOWN_CHANNEL: { code: 102, message: "unknown channel", temporary: false },
  PERMISSION_DENIED: { code: 103, message: "permission denied", temporary: false },
  /** There is no such RPC method. */
  METHOD_NOT_FOUND: { code: 104, message: "method not found", temporary: false },
  ALREADY_SUBSCRIBED: { code: 105, message: "already subscribed", temporary: false },
  LIMIT_EXCEEDED: { code: 106, message: "limit exceeded", temporary: false },
  BAD_REQUEST: { code: 107, message: "bad request", temporary: false },
  /** The feature is switched off for this channel, or for all. */
  NOT_AVAILABLE: { code: 108, message: "not available", temporary: false },
  /** The client asks its application for another token. */
  TOKEN_EXPIRED: { code: 109, message: "token expired", temporary: false },
  EXPIRED: { code: 110, message: "expired", temporary: false },
  TOO_MANY_REQUESTS: { code: 111, message: "too many requests", temporary: true },
  /** The history does not have everything since the position. */
  UNRECOVERABLE_POSITION: { code: 112, message: "unrecoverable position", temporary: false },
} as const satisfies Readonly<Record<string, ClientError>>;
