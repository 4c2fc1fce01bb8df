/**
 * Goes on with a connection of the server before this one: a WebSocket, an answer that is a stream, or HTTP between two requests.
 *
 * In: what its session there has left, and its socket. Out: a session, whose handler is not told that it was opened. If the config has no
 * such endpoint any more, or no compression although that was negotiated, the client is told to come back; a stream ends.
 */

import { SERVICE_RESTART } from "../../../protocol/mod.ts";
import type { MovedSession, Transport } from "../../net/mod.ts";
import type { SessionContext } from "./context.ts";
import { httpSession } from "./proxy_session.ts";
import type { WebSocketHandler } from "./route.ts";
import { WebSocketSession } from "./websocket_session.ts";

/** What was left of a connection. */
export interface LeftConnection extends MovedSession {
  /** Bytes that wait for the peer to read. */
  readonly unsent: Uint8Array;
}

const NOBODY: WebSocketHandler = { opened() {}, message() {} };
const NOTHING = new Uint8Array(0);

/** Sets the session of `transport`, which has none, and handles what was left. May end the connection. */
export function resumeSession(
  context: SessionContext,
  transport: Transport,
  left: LeftConnection,
): void {
  const { endpoint, kind, windowBits } = left;
  if (kind !== "websocket") {
    const session = httpSession(context, transport);
    transport.setSession(session);
    return kind === "stream" ? session.resume(left) : session.resumeIdle(left);
  }
  const { router } = context;
  const handler = endpoint.startsWith("/")
    ? router.find(endpoint)?.webSocket
    : router.app?.movedSocket?.();
  const isHere = handler?.resumesAt === endpoint &&
    (windowBits === 0 || context.compression !== null);
  const session = new WebSocketSession(context, isHere ? handler : NOBODY, windowBits);
  if (isHere) return session.resume(transport, left);
  // What was not read is nobody's, and without compression it would be an error.
  session.resume(transport, { ...left, unread: NOTHING });
  session.close(SERVICE_RESTART, "the server was replaced");
}
