/**
 * `GET /channels/history?channel=a`: a page of a channel's history as JSON, for clients that may read it.
 *
 * In: a request that names one channel, with tokens if they are needed. Out: `{"publications":[…],"offset":…,"epoch":…}`, or a refusal in plain text.
 * Who may subscribe is taken for a subscriber. If the page reaches the newest publication, `last_event_id` says where a
 * stream of the channel goes on.
 */

import { ByteBuffer, type ResponseFields } from "../../../protocol/mod.ts";
import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import { JsonWriter } from "../../../protocol/json/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import {
  type ChannelContext,
  type HistoryPage,
  readHistory,
  READING_BYTES,
} from "../centrifuge/mod.ts";
import { refusalOfAction } from "../channels/mod.ts";
import type { Exchange } from "../session/mod.ts";
import { accessOf, type ChannelAccess } from "./channel_access.ts";
import { credentialsOf } from "./credentials.ts";
import { Query } from "./query.ts";
import { badRequest, quoted, Refusal, tooManyRequests, unavailable } from "./refusal.ts";
import { positionPrefix } from "./stream_position.ts";

const RULES = {
  repeated: [],
  single: [
    "channel",
    "token",
    "subscription_token",
    "limit",
    "since_offset",
    "since_epoch",
    "reverse",
  ],
} as const;

const JSON_FIELDS = [
  ["Content-Type", "application/json"],
  ["Cache-Control", "no-store"],
  ["X-Content-Type-Options", "nosniff"],
] as const;

const DEFAULT_LIMIT = 100;
const UTF8 = new TextEncoder();

/** What is asked for. */
interface Page {
  readonly limit: number;
  readonly since: { readonly offset: number; readonly epoch: string } | undefined;
  readonly reverse: boolean;
}

/** The handler. */
export function historyHandler(
  context: ChannelContext,
): (exchange: Exchange, fields: ResponseFields) => Promise<void> | void {
  return (exchange, fields) => {
    const { request } = exchange;
    const query = Query.read(request.query, RULES);
    if (query instanceof Refusal) return query.answer(exchange, fields);
    const page = pageOf(query, context.limits.historyPublications);
    if (page instanceof Refusal) return page.answer(exchange, fields);
    const respond = (access: ChannelAccess | Refusal) => {
      if (access instanceof Refusal) return access.answer(exchange, fields);
      const body = historyBody(context, access, page);
      return whenThere(body, send);
    };
    const send = (body: Uint8Array | Refusal) => {
      if (body instanceof Refusal) return body.answer(exchange, fields);
      const head = { status: 200, fields: [...JSON_FIELDS, ...fields], contentLength: body.length };
      exchange.respond(head, body, 0, body.length);
    };
    const access = accessOf(context, credentialsOf(query, request, context.hooks?.keptFields));
    const { turn, loop } = context;
    if (access instanceof Promise || turn.isSpent(loop.now)) {
      return whenThereIsRoom(context, access).then(respond);
    }
    turn.spend(READING_BYTES, loop.now);
    return respond(access);
  };
}

/** Of many that ask at once, each turn answers some. */
async function whenThereIsRoom(
  { turn, loop }: ChannelContext,
  access: ReturnType<typeof accessOf>,
): Promise<ChannelAccess | Refusal> {
  const settled = await access;
  if (turn.isSpent(loop.now)) await turn.room();
  else turn.spend(READING_BYTES, loop.now);
  return settled;
}

function pageOf(query: Query, most: number): Page | Refusal {
  const limit = query.integer("limit", {
    least: 0,
    most,
    otherwise: Math.min(DEFAULT_LIMIT, most),
  });
  const offsets = { least: 0, most: Number.MAX_SAFE_INTEGER, otherwise: 0 };
  const offset = query.integer("since_offset", offsets);
  const reverse = query.flag("reverse");
  if (limit instanceof Refusal) return limit;
  if (offset instanceof Refusal) return offset;
  if (reverse instanceof Refusal) return reverse;
  const epoch = query.get("since_epoch");
  const isSince = epoch !== "" || query.get("since_offset") !== "";
  return { limit, reverse, since: isSince ? { offset, epoch } : undefined };
}

function historyBody(
  context: ChannelContext,
  { identity, channels: [open] }: ChannelAccess,
  page: Page,
): Soon<Uint8Array | Refusal> {
  const { channel } = open!; // there is one channel at least
  const { name } = channel;
  const refusal = refusalOfAction(channel, identity, { action: "history", isSubscribed: true });
  if (refusal === CLIENT_ERRORS.NOT_AVAILABLE) {
    return new Refusal(404, `The channel ${quoted(name)} keeps no history`);
  }
  if (refusal !== undefined && !context.isInsecure) {
    return new Refusal(403, `You may not read the history of ${quoted(name)}`);
  }
  // A request without a user has nothing that outlives it.
  const tooMuch = identity.user === ""
    ? undefined
    : context.rates.refusalOf(channel, identity, "history");
  if (tooMuch === CLIENT_ERRORS.TOO_MANY_REQUESTS) {
    return tooManyRequests(`You read histories of channels like ${quoted(name)} too often`);
  }
  if (tooMuch !== undefined) return unavailable("The channels are busy: try again later");
  const { turn, loop } = context;
  return whenThere(readHistory(context, UTF8.encode(name), page), (result) => {
    if ("code" in result) return readingRefusal(context, result);
    const body = encode(name, page, result);
    turn.spend(body.length, loop.now);
    return body;
  });
}

function readingRefusal({ limits }: ChannelContext, error: ClientError): Refusal {
  if (error === CLIENT_ERRORS.UNRECOVERABLE_POSITION) {
    return new Refusal(410, "The history does not have everything behind this position any more");
  }
  if (error === CLIENT_ERRORS.LIMIT_EXCEEDED) {
    return badRequest(`The next publication alone has more than ${limits.historyBytes} bytes`);
  }
  return unavailable("The channels are busy: try again later");
}

function encode(
  name: string,
  { limit, since, reverse }: Page,
  { publications, position: { offset, epoch }, isCut }: HistoryPage,
): Uint8Array {
  const out = new ByteBuffer();
  const json = new JsonWriter(out).openObject().name("publications").openArray();
  for (const publication of publications) json.raw(publication);
  json.closeArray().name("offset").integer(offset).name("epoch").text(epoch);
  const isUpToNow = reverse ? since === undefined : publications.length < limit && !isCut;
  if (isUpToNow && epoch !== "") {
    json.name("last_event_id").text(`${positionPrefix(name, epoch)}${offset}`);
  }
  json.closeObject();
  return out.view();
}
