/**
 * `/connection/sse`, `/connection/http_stream` and `/emulation`: clients of the Centrifuge protocol without a WebSocket.
 *
 * In: a request with the first message of a client; then requests with later messages, which may reach any worker of any server of an engine. Out: a stream of
 * replies for the first one, 204 for the others. Pages of other origins are refused, as with WebSockets, unless `--origin` allows
 * them: then the answers have the fields of CORS.
 */

import { ProtocolError, type ResponseFields } from "../../../protocol/mod.ts";
import { decodeEmulation, FRAMINGS } from "../../../protocol/centrifuge/mod.ts";
import type { Config } from "../../config/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { ControlSender, Peers, WorkerPlace } from "../broker/mod.ts";
import {
  type CrossOriginEndpoint,
  crossOriginRoute,
  type Exchange,
  type Route,
  STREAM_FIELDS,
} from "../session/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { keepFields } from "./kept_fields.ts";
import { readNodeName, SessionNames } from "./session_names.ts";
import { STREAM_PATHS, type StreamSessions } from "./stream_sessions.ts";
import type { TransferRate } from "./transfer_rate.ts";
import { Wire } from "./wire.ts";

const EMULATION_PATH = "/emulation";

/** Each ping over SSE is answered by a request, so there are half as many. */
const SSE_PING_FACTOR = 2;

type Resume = Required<CrossOriginEndpoint>["resume"];

/** What the routes work with. */
export interface StreamRouteParts {
  readonly context: ChannelContext;
  readonly sessions: StreamSessions;
  readonly sender: ControlSender;
  readonly origins: Config["origins"];
  /** How many workers there are. */
  readonly workers: number;
  /** The other servers of an engine; undefined: there is none. */
  readonly peers: Peers | undefined;
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
  const resumeWith = (wire: Wire<Uint8Array>): Resume => (answer, state) =>
    parts.sessions.resume(wire, answer, state);
  return [
    route(parts, STREAM_PATHS.sse, "GET", {
      handle: (exchange, cors) => {
        const connect = new URLSearchParams(exchange.request.query).get("cf_connect");
        if (!connect) {
          return exchange.respondText(400, "The connect command is missing: ?cf_connect=\n", cors);
        }
        const message = new TextEncoder().encode(connect);
        const fields = fieldsOf("text/event-stream", cors);
        begin(parts, exchange, { wire: sse, fields, message });
      },
      resume: resumeWith(sse),
    }),
    route(parts, STREAM_PATHS.http_stream, "POST", {
      handle: (exchange, cors) => {
        const message = exchange.bodyBytes.slice(exchange.bodyStart, exchange.bodyEnd);
        const fields = fieldsOf("application/json", cors);
        begin(parts, exchange, { wire: httpStream, fields, message });
      },
      resume: resumeWith(httpStream),
    }),
    route(parts, EMULATION_PATH, "POST", {
      handle: (exchange, cors) => takeMessage(parts, exchange, cors),
    }),
  ];
}

function fieldsOf(type: string, cors: ResponseFields): ResponseFields {
  return [["Content-Type", type], ...STREAM_FIELDS, ...cors];
}

function route(
  { context, origins }: StreamRouteParts,
  path: string,
  method: "GET" | "POST",
  { handle, ...more }: Pick<CrossOriginEndpoint, "handle" | "resume">,
): [string, Route] {
  const checked = (exchange: Exchange, cors: ResponseFields) => {
    const { bodyStart, bodyEnd } = exchange;
    if (bodyEnd - bodyStart > context.limits.messageBytes) {
      context.meter.limitExceeded("channel_message");
      return exchange.respondText(413, "The message is too long\n", cors);
    }
    return handle(exchange, cors);
  };
  const label = new LogLabel(`${path} (channels)`);
  const endpoint = { label, methods: [method], wantsBody: method === "POST", isFreezable: true };
  return [path, crossOriginRoute({ ...endpoint, handle: checked, ...more }, origins)];
}

function begin(
  { context, sessions }: StreamRouteParts,
  exchange: Exchange,
  { wire, fields, message }: {
    readonly wire: Wire<Uint8Array>;
    readonly fields: ResponseFields;
    readonly message: Uint8Array;
  },
): void {
  const kept = keepFields(exchange.request, context.hooks?.keptFields);
  const session = sessions.create(wire, kept);
  const stream = exchange.respondStream({ status: 200, fields, contentLength: -1 }, session);
  if (stream === null) session.left();
  else session.begin(stream, message);
}

function takeMessage(
  parts: StreamRouteParts,
  exchange: Exchange,
  cors: ResponseFields,
): void | Promise<void> {
  const { bodyBytes, bodyStart, bodyEnd } = exchange;
  try {
    const { session, node, data } = decodeEmulation(bodyBytes, bodyStart, bodyEnd);
    const place = readNodeName(node);
    if (place === undefined) return refuseSession(exchange, cors);
    const message = { node, place, session, data, cors };
    const { context, peers } = parts;
    const isHere = place.server === readNodeName(context.node)?.server;
    if (isHere) return passToWorker(parts, exchange, message);
    if (peers === undefined) return refuseSession(exchange, cors);
    return passToServer({ ...parts, peers }, exchange, message);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    exchange.respondText(400, `${error.message}\n`, cors);
  }
}

/** A later message of a session, and the fields for its answer. */
interface LaterMessage {
  readonly node: string;
  /** What the node's name says. */
  readonly place: WorkerPlace;
  readonly session: string;
  readonly data: Uint8Array;
  readonly cors: ResponseFields;
}

/** The session is on this server. */
function passToWorker(
  { context, sessions, sender, workers, names, rate }: StreamRouteParts,
  exchange: Exchange,
  { node, place: { worker }, session, data, cors }: LaterMessage,
): void {
  // Before anything is kept for it.
  if (worker >= workers || !names.isNameOn(node, session)) return refuseSession(exchange, cors);
  if (node === context.node) {
    const isThere = sessions.receive(session, data);
    return isThere ? respondNothing(exchange, cors) : refuseSession(exchange, cors);
  }
  if (!rate.admit(session, data.length, context.loop.now)) {
    return refuseRate(context, exchange, cors);
  }
  if (sender.pass(worker, session, data)) return respondNothing(exchange, cors);
  exchange.respondText(503, "The channels have no room\n", cors);
}

/** The session is on another server, if that lives. */
async function passToServer(
  { context, peers, rate }: StreamRouteParts & { readonly peers: Peers },
  exchange: Exchange,
  { node, place, session, data, cors }: LaterMessage,
): Promise<void> {
  const found = await peers.sessionKey(place.server);
  if (found.status === "busy") return refuseForNow(exchange, cors);
  const isKnown = found.status === "known" && new SessionNames(found.key).isNameOn(node, session);
  if (!isKnown) return refuseSession(exchange, cors);
  if (!rate.admit(session, data.length, context.loop.now)) {
    return refuseRate(context, exchange, cors);
  }
  if (await peers.pass(place, session, data)) return respondNothing(exchange, cors);
  refuseForNow(exchange, cors);
}

function refuseRate({ meter }: ChannelContext, exchange: Exchange, cors: ResponseFields): void {
  meter.limitExceeded("channel_commands");
  exchange.respondText(429, "The session sends too much\n", cors);
}

function refuseForNow(exchange: Exchange, cors: ResponseFields): void {
  exchange.respondText(503, "The server of the session cannot be reached now\n", cors);
}

function refuseSession(exchange: Exchange, cors: ResponseFields): void {
  exchange.respondText(404, "There is no such session\n", cors);
}

function respondNothing(exchange: Exchange, cors: ResponseFields): void {
  exchange.respond({ status: 204, fields: cors, contentLength: 0 }, new Uint8Array(0), 0, 0);
}
