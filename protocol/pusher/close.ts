/**
 * The codes with which a server of the Pusher protocol ends connections, and those of `pusher:error`.
 *
 * In: nothing. Out: codes and texts. What a client does follows from the hundred: below 4100 it stays away, up to 4199 it comes back
 * after a pause, during which pusher-js still says "connected", up to 4299 at once, and above it stays away.
 */

/** The end of a connection. */
export interface PusherClose {
  readonly code: number;
  /** For the close frame, and for the log of the client. */
  readonly reason: string;
}

/** The ends. 4000 is none of them: it makes clients use TLS. */
export const PUSHER_CLOSES = {
  /** No app has this key. */
  NO_APP: { code: 4001, reason: "There is no app with this key" },
  /** A signature of `pusher:signin` is wrong, or a backend ends the connections of the user. */
  UNAUTHORIZED: { code: 4009, reason: "The connection is not authorized" },
  TERMINATED: { code: 4009, reason: "The application has ended the connections of this user" },
  /** The client does not read, sends too much, or the server has no room now. */
  OVER_CAPACITY: { code: 4100, reason: "Over capacity" },
  TOO_MANY_MESSAGES: { code: 4100, reason: "Too many messages" },
  /** Something was lost, or the server stops: another connection has everything again. */
  RECONNECT: { code: 4200, reason: "Connect again" },
  NO_PONG: { code: 4201, reason: "No answer to a ping" },
} as const satisfies Readonly<Record<string, PusherClose>>;

/** The code of `pusher:error` for an event of a client that is not passed on. */
export const EVENT_REFUSED = 4301;
