/**
 * The reasons for which the server ends a client's connection, by the Centrifuge protocol's own codes.
 *
 * In: a code. Out: a table of codes and reasons, and whether a client comes back after one. On a WebSocket, code
 * and reason are those of the close frame. The reason must be there: `centrifuge` 5.8 looks at the code only if there
 * is one, and comes back after 3500 with none. It may have 123 bytes. The other transports send a disconnect
 * push and end.
 */

import { MESSAGE_TOO_BIG } from "../websocket/mod.ts";

/** Why a connection ends. */
export interface Disconnect {
  readonly code: number;
  /** For people. */
  readonly reason: string;
}

/** The codes of the protocol, by name. Clients come back after those below 3500. */
export const DISCONNECTS = {
  CONNECTION_CLOSED: { code: 3000, reason: "connection closed" },
  SHUTDOWN: { code: 3001, reason: "shutdown" },
  SERVER_ERROR: { code: 3004, reason: "internal server error" },
  EXPIRED: { code: 3005, reason: "connection expired" },
  SUBSCRIPTION_EXPIRED: { code: 3006, reason: "subscription expired" },
  /** The client does not read as fast as it is sent to. */
  SLOW: { code: 3008, reason: "slow" },
  WRITE_ERROR: { code: 3009, reason: "write error" },
  /** A position was found wrong; on coming back the client recovers. */
  INSUFFICIENT_STATE: { code: 3010, reason: "insufficient state" },
  FORCE_RECONNECT: { code: 3011, reason: "force reconnect" },
  NO_PONG: { code: 3012, reason: "no pong" },
  TOO_MANY_REQUESTS: { code: 3013, reason: "too many requests" },
  INVALID_TOKEN: { code: 3500, reason: "invalid token" },
  BAD_REQUEST: { code: 3501, reason: "bad request" },
  /** No connect command within its time. */
  STALE: { code: 3502, reason: "stale" },
  FORCE_NO_RECONNECT: { code: 3503, reason: "force disconnect" },
  CONNECTION_LIMIT: { code: 3504, reason: "connection limit" },
  CHANNEL_LIMIT: { code: 3505, reason: "channel limit" },
  /** A message of a kind that this connection's protocol does not have. */
  INAPPROPRIATE_PROTOCOL: { code: 3506, reason: "inappropriate protocol" },
  PERMISSION_DENIED: { code: 3507, reason: "permission denied" },
  /** A command without a reply that nothing handles. */
  NOT_AVAILABLE: { code: 3508, reason: "not available" },
  TOO_MANY_ERRORS: { code: 3509, reason: "too many errors" },
} as const satisfies Readonly<Record<string, Disconnect>>;

/**
 * Whether clients connect again after this close code. 3500–3999 are final ones of the protocol, 4500–4999 of
 * applications. After 1009 they stay away too: the message would be too big the next time as well.
 */
export function reconnects(code: number): boolean {
  if (code === MESSAGE_TOO_BIG) return false;
  return !(code >= 3500 && code < 4000) && !(code >= 4500 && code < 5000);
}
