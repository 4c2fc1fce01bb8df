/**
 * `/echo`: returns what the client sends.
 *
 * In: a request of any method, or a WebSocket. Out: 200 with the request's body and its Content-Type;
 * or each message unchanged, text as text and binary as binary.
 */

import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route, WebSocketHandler } from "../session/mod.ts";

/** The type of a body without Content-Type (RFC 9110 section 8.3). */
const UNKNOWN_TYPE = "application/octet-stream";

const PLAIN_ECHO: WebSocketHandler = {
  resumesAt: "/echo",
  opened() {},
  message(socket) {
    socket.reply(socket.opcode);
  },
};

/** The echo of HTTP and WebSocket. */
export function echoRoute(): Route {
  return {
    label: new LogLabel("/echo (echo)"),
    methods: null,
    wantsBody: true,
    handle: echo,
    webSocket: PLAIN_ECHO,
  };
}

function echo(exchange: Exchange): void {
  const { bodyBytes, bodyStart, bodyEnd } = exchange;
  const contentType = exchange.request.field("content-type") ?? UNKNOWN_TYPE;
  // A browser must not run what somebody sent: it would run with this site's origin.
  const fields = [["Content-Type", contentType], ["X-Content-Type-Options", "nosniff"], [
    "Content-Security-Policy",
    "sandbox",
  ]] as const;
  const contentLength = bodyEnd - bodyStart;
  exchange.respond({ status: 200, fields, contentLength }, bodyBytes, bodyStart, bodyEnd);
}
