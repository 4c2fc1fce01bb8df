/**
 * `/app/KEY`: clients of the Pusher protocol over WebSocket.
 *
 * In: WebSockets of sessions, and those of the server before this one. Out: a client for each, which gets its messages; or for a key that no
 * app has, the end of the connection with 4001, after which clients stay away.
 */

import { PUSHER_CLOSES } from "../../../protocol/pusher/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route, WebSocketHandler, WebSocketPeer } from "../session/mod.ts";
import { PusherClient } from "./pusher_client.ts";
import { decodePusherState, encodePusherState } from "./pusher_client_state.ts";
import type { PusherContext } from "./pusher_context.ts";

/** The clients of one app on one worker. */
class PusherSockets implements WebSocketHandler {
  readonly isFreezable = true;
  readonly resumesAt: string;
  readonly #context: PusherContext;
  readonly #clients = new Map<WebSocketPeer, PusherClient>();

  constructor(context: PusherContext) {
    this.#context = context;
    this.resumesAt = `/app/${context.app.config.key}`;
  }

  opened(peer: WebSocketPeer): void {
    this.#clients.set(peer, new PusherClient(this.#context, peer));
  }

  /** Only if the channels have gone there. */
  moving(peer: WebSocketPeer): Uint8Array | undefined {
    const { store, hub } = this.#context.channels;
    if (!store.isSealed) return undefined;
    hub.finish();
    const state = this.#clients.get(peer)?.leave();
    if (state === undefined) return undefined;
    this.#clients.delete(peer);
    return encodePusherState(state);
  }

  moved(peer: WebSocketPeer, bytes: Uint8Array): void {
    const state = decodePusherState(bytes);
    const { RECONNECT } = PUSHER_CLOSES;
    if (state === undefined) return peer.close(RECONNECT.code, RECONNECT.reason);
    this.#clients.set(peer, new PusherClient(this.#context, peer, state));
  }

  message(peer: WebSocketPeer): void {
    this.#clients.get(peer)?.receive();
  }

  draining(peer: WebSocketPeer): void {
    const client = this.#clients.get(peer);
    if (client !== undefined) this.#context.channels.drain.add(client);
  }

  closed(peer: WebSocketPeer): void {
    this.#clients.get(peer)?.closed();
    this.#clients.delete(peer);
  }
}

const LABEL = new LogLabel("/app (pusher)");
const UNKNOWN: WebSocketHandler = {
  opened: (peer) => peer.close(PUSHER_CLOSES.NO_APP.code, PUSHER_CLOSES.NO_APP.reason),
  message: () => {},
};

/** The route of the clients of an app. */
export function pusherSocketRoute(context: PusherContext): Route {
  return socketRoute(new PusherSockets(context));
}

/** The route of clients whose key is wrong. */
export const UNKNOWN_APP_ROUTE: Route = socketRoute(UNKNOWN);

function socketRoute(webSocket: WebSocketHandler): Route {
  return { label: LABEL, methods: ["GET"], wantsBody: false, handle: refuse, webSocket };
}

/** Answers a request that is not a WebSocket handshake (RFC 9110 section 15.5.22). */
function refuse(exchange: Exchange): void {
  exchange.respondText(426, "This is a WebSocket endpoint: connect with a Pusher client\n", [
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
  ]);
}
