/**
 * `/connection/sse`, `/connection/http_stream` and `/emulation`: clients of the Centrifuge protocol without a WebSocket.
 *
 * In: a request with the first message of a client; then requests with later messages, which may reach any worker. Out: a stream of
 * replies for the first one, 204 for the others. Pages of other origins are refused, as with WebSockets, unless `--origin` allows
 * them: then the answers have the fields of CORS.
 */

import { ProtocolError, type ResponseFields } from "../../../protocol/mod.ts";
import { decodeEmulation, FRAMINGS } from "../../../protocol/centrifuge/mod.ts";
import type { Config } from "../../config/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { ControlSender } from "../broker/mod.ts";
import { crossOriginRoute, type Exchange, type Route, STREAM_FIELDS } from "../session/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { SessionNames } from "./session_names.ts";
import type { StreamSessions } from "./stream_sessions.ts";
import type { TransferRate } from "./transfer_rate.ts";
import { Wire } from "./wire.ts";

const SSE_PATH = "/connection/sse";
const HTTP_STREAM_PATH = "/connection/http_stream";
const EMULATION_PATH = "/emulation";

/** Each ping over SSE is answered by a request, so there are half as many. */
const SSE_PING_FACTOR = 2;

/** What the routes work with. */
export interface StreamRouteParts {
  readonly context: ChannelContext;
  readonly sessions: StreamSessions;
  readonly sender: ControlSender;
  readonly origins: Config["origins"];
  /** How many workers there are. */
  readonly workers: number;
  readonly names: SessionNames;
  readonly rate: TransferRate;
}

/** The routes. */
export function streamRoutes(
  parts: StreamRouteParts,
): (readonly [path: string, route: Route])[] {
  const seal = (bytes: Uint8Array, start: number, end: number) => bytes.slice(start, end);
  const { meter } = parts.context;
  const sse = new Wire({
    transport: "sse",
    framing: FRAMINGS.sse,
    seal,
    meter,
    pingFactor: SSE_PING_FACTOR,
  });
  const framing = FRAMINGS.http_stream;
  const httpStream = new Wire({ transport: "http_stream", framing, seal, meter });
  return [
    route(parts, SSE_PATH, "GET", (exchange, cors) => {
      const connect = new URLSearchParams(exchange.request.query).get("cf_connect");
      if (!connect) {
        return exchange.respondText(400, "The connect command is missing: ?cf_connect=\n", cors);
      }
      const message = new TextEncoder().encode(connect);
      begin(parts, exchange, { wire: sse, fields: fieldsOf("text/event-stream", cors), message });
    }),
    route(parts, HTTP_STREAM_PATH, "POST", (exchange, cors) => {
      const message = exchange.bodyBytes.slice(exchange.bodyStart, exchange.bodyEnd);
      const fields = fieldsOf("application/json", cors);
      begin(parts, exchange, { wire: httpStream, fields, message });
    }),
    route(parts, EMULATION_PATH, "POST", (exchange, cors) => takeMessage(parts, exchange, cors)),
  ];
}

function fieldsOf(type: string, cors: ResponseFields): ResponseFields {
  return [["Content-Type", type], ...STREAM_FIELDS, ...cors];
}

function route(
  { context, origins }: StreamRouteParts,
  path: string,
  method: "GET" | "POST",
  handle: (exchange: Exchange, cors: ResponseFields) => void,
): [string, Route] {
  const checked = (exchange: Exchange, cors: ResponseFields) => {
    const { bodyStart, bodyEnd } = exchange;
    if (bodyEnd - bodyStart > context.limits.messageBytes) {
      context.meter.limitExceeded("channel_message");
      return exchange.respondText(413, "The message is too long\n", cors);
    }
    handle(exchange, cors);
  };
  const label = new LogLabel(`${path} (channels)`);
  const endpoint = { label, methods: [method], wantsBody: method === "POST", handle: checked };
  return [path, crossOriginRoute(endpoint, origins)];
}

function begin(
  { sessions }: StreamRouteParts,
  exchange: Exchange,
  { wire, fields, message }: {
    readonly wire: Wire<Uint8Array>;
    readonly fields: ResponseFields;
    readonly message: Uint8Array;
  },
): void {
  const session = sessions.create(wire);
  const stream = exchange.respondStream({ status: 200, fields, contentLength: -1 }, session);
  if (stream === null) session.left();
  else session.begin(stream, message);
}

function takeMessage(
  { context, sessions, sender, workers, names, rate }: StreamRouteParts,
  exchange: Exchange,
  cors: ResponseFields,
): void {
  const { bodyBytes, bodyStart, bodyEnd } = exchange;
  try {
    const { session, node, data } = decodeEmulation(bodyBytes, bodyStart, bodyEnd);
    const worker = Number(node);
    const isKnown = /^\d{1,3}$/.test(node) && worker < workers;
    // Before anything is kept for it.
    if (!isKnown || !names.isNameOn(node, session)) return refuseSession(exchange, cors);
    if (node === context.node) {
      const isThere = sessions.receive(session, data);
      return isThere ? respondNothing(exchange, cors) : refuseSession(exchange, cors);
    }
    if (!rate.admit(session, data.length, context.loop.now)) {
      context.meter.limitExceeded("channel_commands");
      return exchange.respondText(429, "The session sends too much\n", cors);
    }
    if (sender.pass(worker, session, data)) return respondNothing(exchange, cors);
    exchange.respondText(503, "The channels have no room\n", cors);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    exchange.respondText(400, `${error.message}\n`, cors);
  }
}

function refuseSession(exchange: Exchange, cors: ResponseFields): void {
  exchange.respondText(404, "There is no such session\n", cors);
}

function respondNothing(exchange: Exchange, cors: ResponseFields): void {
  exchange.respond({ status: 204, fields: cors, contentLength: 0 }, new Uint8Array(0), 0, 0);
}
