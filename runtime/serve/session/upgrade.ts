/**
 * Whether a request becomes a WebSocket.
 *
 * In: a request for a path that upgrades, and whose pages may ask. Out: the accept key, or the refusal,
 * answered. RFC 6455 has the rules of the handshake, section 10.2 of it those of origins.
 */

import { isOriginAllowed, judgeHandshake, type RequestHead } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { HttpExchange } from "./http_exchange.ts";
import { FOREIGN_ORIGIN } from "./responses.ts";

/** Another protocol than WebSocket, as h2c, may be ignored (RFC 9110 section 7.8): the request is answered as it is. */
export function asksForWebSocket(head: RequestHead): boolean {
  return head.upgrade && !head.hasBody() && /\bwebsocket\b/i.test(head.field("upgrade") ?? "");
}

/** The Sec-WebSocket-Accept of a request that may upgrade; null: it may not, and has its answer. */
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
