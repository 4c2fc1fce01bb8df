/**
 * Decides whether a request becomes a WebSocket.
 *
 * In: a request for a path that upgrades, and the allowed origins. Out: the accept key; or null, after the
 * refusal was answered. The rules of the handshake are in RFC 6455, those of origins in its section 10.2.
 */

import { isOriginAllowed, judgeHandshake, type RequestHead } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { HttpExchange } from "./http_exchange.ts";
import { FOREIGN_ORIGIN } from "./responses.ts";

/** Another protocol than WebSocket, such as h2c, is ignored (RFC 9110 section 7.8): the request is answered by HTTP/1.1. */
export function asksForWebSocket(head: RequestHead): boolean {
  return head.upgrade && !head.hasBody() && /\bwebsocket\b/i.test(head.field("upgrade") ?? "");
}

/** The Sec-WebSocket-Accept of a request that may upgrade; null if it was refused and answered. */
export function acceptUpgrade(exchange: HttpExchange, origins: Config["origins"]): string | null {
  const { request } = exchange;
  const answer = judgeHandshake(request);
  if (!("accept" in answer)) {
    exchange.respondText(answer.status, `${answer.message}\n`, answer.fields);
  } else if (!isOriginAllowed(request.field("origin"), request.host(), origins)) {
    exchange.respondShort(FOREIGN_ORIGIN);
  } else {
    return answer.accept;
  }
  return null;
}
