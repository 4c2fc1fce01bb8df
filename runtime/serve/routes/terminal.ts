/**
 * `GET /ws` and `GET /term`: the seed's terminal.
 *
 * In: a WebSocket. Out: a greeting in ANSI colours, then each message back as a binary frame, also if it was
 * text: the seed's behaviour, for clients that expect ArrayBuffers. A request that is not a handshake is
 * answered 426.
 */

import { BINARY } from "../../../protocol/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route, WebSocketHandler } from "../session/mod.ts";

const WELCOME = new TextEncoder().encode(
  "\x1b[1;36m=== Async Deno Terminal ===\x1b[0m\r\n" +
    "\x1b[32mHTTP/1.1 and WebSockets on every core.\x1b[0m\r\n" +
    "\x1b[33mThe server echoes what you type.\x1b[0m\r\n\r\n",
);

const GREETING_ECHO: WebSocketHandler = {
  opened(socket) {
    socket.send(BINARY, WELCOME, 0, WELCOME.length);
  },
  message(socket) {
    socket.reply(BINARY);
  },
};

/** The terminal's socket at `path`. */
export function terminalRoute(path: string): Route {
  return {
    label: new LogLabel(`${path} (websocket)`),
    methods: ["GET"],
    wantsBody: false,
    handle: refuse,
    webSocket: { ...GREETING_ECHO, resumesAt: path },
  };
}

/** Answers a request that is not a WebSocket handshake (RFC 9110 section 15.5.22). */
function refuse(exchange: Exchange): void {
  exchange.respondText(426, "This is a WebSocket endpoint: connect with ws:// or wss://\n", [
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
  ]);
}
