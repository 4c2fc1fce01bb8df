/**
 * `GET /channels/sse?channel=a&channel=b`: publications as Server-Sent Events, for `curl -N` and `new EventSource()`.
 *
 * In: a request that names channels, with tokens if they are needed. Out: a stream, or a refusal in plain text. What is temporary after the
 * tokens were checked ends a stream that has begun, since an EventSource comes back after that, but not after a status. A stream of the server
 * before goes on where it was.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import type { ResponseFields } from "../../../protocol/mod.ts";
import { whenThere } from "../broker/mod.ts";
import type { ChannelContext, ClientDirectory } from "../centrifuge/mod.ts";
import { type CrossOriginEndpoint, type Exchange, STREAM_FIELDS } from "../session/mod.ts";
import { accessOf, type ChannelAccess } from "./channel_access.ts";
import { ChannelStream, type ChannelStreamParts } from "./channel_stream.ts";
import { EventParts, WholeEvents } from "./event_faces.ts";
import { credentialsOf } from "./credentials.ts";
import { decodeMovedStream } from "./moved_stream.ts";
import { Query } from "./query.ts";
import { Refusal, unavailable } from "./refusal.ts";
import { readPositions } from "./stream_position.ts";

const RULES = {
  repeated: ["channel", "subscription_token"],
  single: ["token", "last_event_id", "lastEventId"],
} as const;

const EVENT_STREAM = [["Content-Type", "text/event-stream"], ...STREAM_FIELDS] as const;

/** What answers with the streams of one worker. */
export function streamEndpoint(
  context: ChannelContext,
  directory: ClientDirectory,
): Required<Pick<CrossOriginEndpoint, "handle" | "resume">> {
  const whole = new WholeEvents(context.store, context.meter);
  const scratch = new ByteBuffer(0);
  const shared = { context, directory, whole, parts: new EventParts(context.meter), scratch };
  const handle: CrossOriginEndpoint["handle"] = (exchange, fields) => {
    const { request } = exchange;
    const query = Query.read(request.query, RULES);
    if (query instanceof Refusal) return query.answer(exchange, fields);
    const since = lastIdOf(request, query);
    const respond = (access: ChannelAccess | Refusal) => {
      if (access instanceof Refusal) return access.answer(exchange, fields);
      respondStream(shared, exchange, { access, since, fields });
    };
    const access = accessOf(context, credentialsOf(query, request, context.hooks?.keptFields));
    return whenThere(access, respond);
  };
  const resume: CrossOriginEndpoint["resume"] = (answer, state) => {
    const left = decodeMovedStream(state, context);
    if (left === undefined || context.users.enter(left.access.identity) !== "entered") {
      return answer.goOn(NOBODY).end();
    }
    const stream = new ChannelStream(shared, left.access, readPositions(left.since));
    stream.begin(answer.goOn(stream));
  };
  return { handle, resume };
}

/**
 * The last id that the client has, or "". An EventSource comes back to the address with which it began: the field is newest.
 * Libraries in place of one cannot set the field everywhere: event-source-polyfill 1.0 and reconnecting-eventsource 1.6 add
 * `lastEventId` to the address.
 */
function lastIdOf(request: Exchange["request"], query: Query): string {
  return request.field("last-event-id") || query.get("lastEventId") || query.get("last_event_id");
}

function respondStream(
  parts: ChannelStreamParts,
  exchange: Exchange,
  { access, since, fields }: {
    readonly access: ChannelAccess;
    readonly since: string;
    readonly fields: ResponseFields;
  },
): void {
  const head = { status: 200, fields: [...EVENT_STREAM, ...fields], contentLength: -1 };
  // Nobody is subscribed by it.
  if (exchange.request.method === "HEAD") return void exchange.respondStream(head, NOBODY);
  const entered = parts.context.users.enter(access.identity);
  if (entered === "limit") {
    parts.context.meter.limitExceeded("connections_per_user");
    const refusal = new Refusal(429, "The user has as many connections as it may have");
    return refusal.answer(exchange, fields);
  }
  if (entered === "unavailable") {
    return unavailable("The channels have no room now: try again later").answer(exchange, fields);
  }
  const stream = new ChannelStream(parts, access, readPositions(since));
  const answer = exchange.respondStream(head, stream);
  if (answer === null) stream.left();
  else stream.begin(answer);
}

const NOBODY = { left() {}, stopping() {} };
