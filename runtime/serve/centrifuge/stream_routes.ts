/**
 * `/connection/sse`, `/connection/http_stream` and `/emulation`: clients of the Centrifuge protocol without a WebSocket.
 *
 * In: a request with the first message of a client; then requests with later messages, which may reach any worker. Out: a stream of
 * replies for the first one, 204 for the others. Pages of other origins are refused, as with WebSockets.
 */

import { isOriginAllowed, ProtocolError } from "../../../protocol/mod.ts";
import { decodeEmulation, FRAMINGS } from "../../../protocol/centrifuge/mod.ts";
import type { Config } from "../../config/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ControlSender } from "./control_channel.ts";
import type { SessionNames } from "./session_names.ts";
import type { StreamSessions } from "./stream_sessions.ts";
import type { TransferRate } from "./transfer_rate.ts";
import { Wire } from "./wire.ts";

const SSE_PATH = "/connection/sse";
const HTTP_STREAM_PATH = "/connection/http_stream";
const EMULATION_PATH = "/emulation";

/** Each ping over SSE is answered by a request, so there are half as many. */
const SSE_PING_FACTOR = 2;

/** No cache, and no proxy's buffer (nginx: X-Accel-Buffering). */
const STREAMED = [["Cache-Control", "no-store"], ["X-Accel-Buffering", "no"], [
  "X-Content-Type-Options",
  "nosniff",
]] as const;

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
    route(parts, SSE_PATH, "GET", (exchange) => {
      const connect = new URLSearchParams(exchange.request.query).get("cf_connect");
      if (!connect) {
        return exchange.respondText(400, "The connect command is missing: ?cf_connect=\n");
      }
      const message = new TextEncoder().encode(connect);
      begin(parts, exchange, { wire: sse, type: "text/event-stream", message });
    }),
    route(parts, HTTP_STREAM_PATH, "POST", (exchange) => {
      const message = exchange.bodyBytes.slice(exchange.bodyStart, exchange.bodyEnd);
      begin(parts, exchange, { wire: httpStream, type: "application/json", message });
    }),
    route(parts, EMULATION_PATH, "POST", (exchange) => takeMessage(parts, exchange)),
  ];
}

function route(
  { context, origins }: StreamRouteParts,
  path: string,
  method: "GET" | "POST",
  handle: (exchange: Exchange) => void,
): [string, Route] {
  const checked = (exchange: Exchange) => {
    const { request, bodyStart, bodyEnd } = exchange;
    if (!isOriginAllowed(request.field("origin"), request.host(), origins)) {
      return exchange.respondText(403, "This origin may not connect here: see --origin\n");
    }
    if (bodyEnd - bodyStart > context.limits.messageBytes) {
      context.meter.limitExceeded("channel_message");
      return exchange.respondText(413, "The message is too long\n");
    }
    handle(exchange);
  };
  const label = new LogLabel(`${path} (channels)`);
  const wantsBody = method === "POST";
  return [path, { label, methods: [method], wantsBody, webSocket: null, handle: checked }];
}

function begin(
  { sessions }: StreamRouteParts,
  exchange: Exchange,
  { wire, type, message }: {
    readonly wire: Wire<Uint8Array>;
    readonly type: string;
    readonly message: Uint8Array;
  },
): void {
  const session = sessions.create(wire);
  const head = { status: 200, fields: [["Content-Type", type], ...STREAMED], contentLength: -1 };
  const stream = exchange.respondStream(head as Parameters<Exchange["respondStream"]>[0], session);
  if (stream === null) session.left();
  else session.begin(stream, message);
}

function takeMessage(
  { context, sessions, sender, workers, names, rate }: StreamRouteParts,
  exchange: Exchange,
): void {
  const { bodyBytes, bodyStart, bodyEnd } = exchange;
  try {
    const { session, node, data } = decodeEmulation(bodyBytes, bodyStart, bodyEnd);
    const worker = Number(node);
    const isKnown = /^\d{1,3}$/.test(node) && worker < workers;
    // Before anything is kept for it.
    if (!isKnown || !names.isNameOn(node, session)) return refuseSession(exchange);
    if (node === context.node) {
      return sessions.receive(session, data) ? respondNothing(exchange) : refuseSession(exchange);
    }
    if (!rate.admit(session, data.length, context.loop.now)) {
      context.meter.limitExceeded("channel_commands");
      return exchange.respondText(429, "The session sends too much\n");
    }
    if (sender.pass(worker, session, data)) return respondNothing(exchange);
    exchange.respondText(503, "The channels have no room\n");
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    exchange.respondText(400, `${error.message}\n`);
  }
}

function refuseSession(exchange: Exchange): void {
  exchange.respondText(404, "There is no such session\n");
}

function respondNothing(exchange: Exchange): void {
  exchange.respond({ status: 204, fields: [], contentLength: 0 }, new Uint8Array(0), 0, 0);
}
