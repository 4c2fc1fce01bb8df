/**
 * Sessions handle one connection from its first byte to its last. Endpoints are written against the
 * interfaces `Route`, `Exchange` and `WebSocketHandler`.
 *
 * ```ts
 * import { LogLabel } from "../../observe/log/mod.ts";
 * import type { Route } from "./mod.ts";
 * const hello: Route = {
 *   label: new LogLabel("/hello (hello)"),
 *   methods: ["GET"],
 *   wantsBody: false,
 *   handle: (exchange) => exchange.respondText(200, "Hello\n"),
 *   webSocket: null,
 * };
 * console.log(hello.label.text);
 * ```
 *
 * @module
 */

export { TEXT_PLAIN } from "../answers/mod.ts";
export { noteAppFault } from "./app_fault.ts";
export { STREAM_FIELDS } from "./answer_stream.ts";
export { closeReason } from "./close_reason.ts";
export type { Compression } from "./compression.ts";
export { type Router, SessionContext } from "./context.ts";
export { type CrossOriginEndpoint, crossOriginRoute } from "./cross_origin.ts";
export { type Admission, ANYBODY, type Guard, type JudgedClient, type Verdict } from "./guard.ts";
export { HttpSession } from "./http_session.ts";
export type { MemoryBudget } from "./memory_budget.ts";
export { RequestObserver } from "./observer.ts";
export { type LeftConnection, resumeSession } from "./moved_session.ts";
export { firstSession, type ProxiedTransport } from "./proxy_session.ts";
export { RefusalSession } from "./refusal_session.ts";
export { NOT_FOUND } from "./responses.ts";
export type {
  AnswerStream,
  AppExchange,
  AppResult,
  AppRoute,
  AppSchedule,
  BegunAnswer,
  BodyListener,
  BodyPart,
  Exchange,
  OverflowPolicy,
  Route,
  StreamListener,
  WebSocketHandler,
  WebSocketPeer,
  WholeListener,
} from "./route.ts";
export { DROPPED, QUEUED } from "./send_result.ts";
export {
  type FrameRange,
  type SharedFrames,
  SharedMessage,
  withoutFrames,
} from "./shared_message.ts";
