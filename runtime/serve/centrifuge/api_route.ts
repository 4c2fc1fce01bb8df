/**
 * The HTTP API for backends: `POST /api/METHOD`, with the key in `X-API-Key` or `?api_key=`.
 *
 * In: JSON. Out: `{"result":…}` or `{"error":{"code":…,"message":…}}` with status 200; 400 for a body that is no JSON object, 401 without the
 * key, 413 for a longer body than allowed. The key is compared in constant time. A batch is answered by
 * `{"replies":[…]}`, each with its method's name in front of the result.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { ByteBuffer } from "../../../protocol/mod.ts";
import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import {
  isJson,
  JSON_DEPTH,
  type JsonSlice,
  JsonWriter,
  raw,
  readList,
  readObject,
} from "../../../protocol/json/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import { disconnect, refresh, subscribe, unsubscribe } from "./api_control.ts";
import {
  type ApiContext,
  type ApiMethod,
  apiMethod,
  isRefused,
  writeApiError,
  type WriteResult,
} from "./api_method.ts";
import { broadcast, publish } from "./api_publishing.ts";
import { channels, history, historyRemove, info, presence, presenceStats } from "./api_reading.ts";

const METHODS: Readonly<Record<string, ApiMethod>> = {
  publish,
  broadcast,
  subscribe,
  unsubscribe,
  disconnect,
  refresh,
  presence,
  presence_stats: presenceStats,
  history,
  history_remove: historyRemove,
  channels,
  info,
};
const NAMES = Object.keys(METHODS);
const JSON_FIELDS = [["Content-Type", "application/json"], [
  "X-Content-Type-Options",
  "nosniff",
]] as const;
const OPEN_BRACE = 0x7b;

const COMMAND = Object.fromEntries(NAMES.map((name) => [name, raw(name)]));
const BATCH = { commands: { wire: "commands", read: readList(readObject(COMMAND)) } } as const;

/** Carries out several commands, one after the other. */
const batch = apiMethod(BATCH, (api, { commands = [] }) => {
  if (commands.length > api.context.limits.apiCommands) return CLIENT_ERRORS.BAD_REQUEST;
  const answers = commands.map((command) => {
    const name = NAMES.find((name) => command[name] !== undefined);
    if (name === undefined) return { name: "", answer: CLIENT_ERRORS.METHOD_NOT_FOUND };
    const bytes = command[name]!;
    const slice = { bytes, start: 0, end: bytes.length, depth: JSON_DEPTH };
    return { name, answer: METHODS[name]!(api, slice) };
  });
  return (json) => {
    json.name("replies").openArray();
    for (const { name, answer } of answers) writeAnswer(json, name, answer);
    json.closeArray();
  };
});

/** The routes of the API, for whoever has the key. */
export function apiRoutes(
  api: ApiContext,
  key: Uint8Array,
): (readonly [path: string, route: Route])[] {
  const expected = digest(key);
  const route = (name: string, answer: (slice: JsonSlice) => Uint8Array): [string, Route] => {
    const path = `/api/${name}`;
    const handle = (exchange: Exchange) => {
      if (!isKey(exchange, expected)) return refuse(exchange, 401, "unauthorized");
      answerRequest(api, exchange, answer);
    };
    const label = new LogLabel(`${path} (channels)`);
    return [path, { label, methods: ["POST"], wantsBody: true, webSocket: null, handle }];
  };
  const one = (method: ApiMethod) => (slice: JsonSlice) => encoded("result", method(api, slice));
  return [
    ...NAMES.map((name) => route(name, one(METHODS[name]!))),
    route("batch", (slice) => encodedBatch(batch(api, slice))),
  ];
}

function answerRequest(
  { context }: ApiContext,
  exchange: Exchange,
  answer: (slice: JsonSlice) => Uint8Array,
): void {
  const { bodyBytes: bytes, bodyStart: start, bodyEnd: end } = exchange;
  if (end - start > context.limits.apiBytes) {
    return refuse(exchange, 413, "the body is too long");
  }
  const slice = { bytes, start, end, depth: JSON_DEPTH };
  // An empty body is a request without fields.
  const isEmpty = start === end;
  if (!isEmpty && !(isJson(slice) && bytes.indexOf(OPEN_BRACE, start) < end)) {
    return refuse(exchange, 400, "the body is no JSON object");
  }
  const body = answer(isEmpty ? EMPTY_OBJECT : slice);
  const head = { status: 200, fields: JSON_FIELDS, contentLength: body.length };
  exchange.respond(head, body, 0, body.length);
}

const EMPTY_OBJECT: JsonSlice = {
  bytes: new TextEncoder().encode("{}"),
  start: 0,
  end: 2,
  depth: JSON_DEPTH,
};

function refuse(exchange: Exchange, status: number, text: string): void {
  exchange.respondText(status, `${text}\n`);
}

/** Whether the request has the key; the time that it takes says nothing about the key. */
function isKey({ request }: Exchange, expected: Uint8Array): boolean {
  const given = request.field("x-api-key") ?? new URLSearchParams(request.query).get("api_key");
  return timingSafeEqual(digest(new TextEncoder().encode(given ?? "")), expected);
}

/** Equally long for all keys. */
function digest(key: Uint8Array): Uint8Array {
  return createHash("sha256").update(key).digest();
}

/** `{"result":{…}}` or `{"error":{…}}`. */
function encoded(name: string, answer: ClientError | WriteResult): Uint8Array {
  const out = new ByteBuffer();
  writeAnswer(new JsonWriter(out), name, answer);
  return out.view();
}

function encodedBatch(answer: ClientError | WriteResult): Uint8Array {
  if (isRefused(answer)) return encoded("result", answer);
  const out = new ByteBuffer();
  const json = new JsonWriter(out).openObject();
  answer(json);
  json.closeObject();
  return out.view();
}

function writeAnswer(json: JsonWriter, name: string, answer: ClientError | WriteResult): void {
  json.openObject();
  if (isRefused(answer)) {
    writeApiError(json.name("error"), answer);
  } else {
    answer(json.name(name).openObject());
    json.closeObject();
  }
  json.closeObject();
}
