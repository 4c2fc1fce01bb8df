/**
 * Decides whether a request becomes a WebSocket.
 *
 * In: a request for a path that upgrades, and the allowed origins. Out: the accept key, or the
 * refusal. The rules of the handshake are in RFC 6455, those of origins in its section 10.2.
 */

import { isOriginAllowed, judgeHandshake, type RequestHead } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import { type ShortAnswer, shortAnswer } from "../answers/mod.ts";
import { FOREIGN_ORIGIN } from "./responses.ts";

/** Another protocol than WebSocket, such as h2c, is ignored (RFC 9110 section 7.8): the request is answered by HTTP/1.1. */
export function asksForWebSocket(head: RequestHead): boolean {
  return head.upgrade && !head.hasBody() && /\bwebsocket\b/i.test(head.field("upgrade") ?? "");
}

/** The Sec-WebSocket-Accept of a request that may upgrade, or the answer that refuses it. */
export function judgeUpgrade(
  request: RequestHead,
  origins: Config["origins"],
): string | ShortAnswer {
  const answer = judgeHandshake(request);
  if (!("accept" in answer)) return shortAnswer(answer.status, answer.message, answer.fields);
  return isOriginAllowed(request.field("origin"), request.host(), origins)
    ? answer.accept
    : FOREIGN_ORIGIN;
}
