/**
 * The HTTP API for backends: `POST /api/METHOD`, with the key in `X-API-Key` or `?api_key=`.
 *
 * In: JSON. Out: `{"result":…}` or `{"error":{"code":…,"message":…}}` with status 200; 400 for a body that is no JSON object, 401 without the
 * key, 413 for a longer body than allowed. The key is compared in constant time. A batch is answered by
 * `{"replies":[…]}`, each with its method's name in front of the result.
 */

import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { ByteBuffer, constantFields } from "../../../protocol/mod.ts";
import { CLIENT_ERRORS } from "../../../protocol/centrifuge/mod.ts";
import {
  isJson,
  JSON_DEPTH,
  type JsonSlice,
  JsonWriter,
  raw,
  readList,
  readObject,
  skipBlank,
} from "../../../protocol/json/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import { whenThere } from "../broker/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import { disconnect, refresh, subscribe, unsubscribe } from "./api_control.ts";
import { ApiBudget } from "./api_budget.ts";
import {
  type ApiAnswer,
  type ApiMethod,
  apiMethod,
  type ApiParts,
  countError,
  isRefused,
  writeApiError,
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
const JSON_FIELDS = constantFields([
  ["Content-Type", "application/json"],
  ["X-Content-Type-Options", "nosniff"],
]);
const OPEN_BRACE = 0x7b;
const NO_BYTES = new Uint8Array(0);

const COMMAND = Object.fromEntries(NAMES.map((name) => [name, raw(name)]));
const BATCH = { commands: { wire: "commands", read: readList(readObject(COMMAND)) } } as const;

/** Carries out several commands, one after the other. */
const batch = apiMethod(BATCH, async (api, { commands = [] }): Promise<ApiAnswer> => {
  if (commands.length > api.context.limits.apiCommands) {
    api.context.meter.limitExceeded("api_commands");
    return CLIENT_ERRORS.BAD_REQUEST;
  }
  const answers: { readonly name: string; readonly answer: ApiAnswer }[] = [];
  for (const command of commands) {
    const name = NAMES.find((name) => command[name] !== undefined) ?? "";
    const pending = METHODS[name]?.(api, sliceOf(command[name])) ?? CLIENT_ERRORS.METHOD_NOT_FOUND;
    const answer = pending instanceof Promise ? await pending : pending;
    countError(api, answer);
    answers.push({ name, answer });
  }
  return (json) => {
    json.name("replies").openArray();
    for (const { name, answer } of answers) writeAnswer(json, name, answer);
    json.closeArray();
  };
});

function sliceOf(bytes: Uint8Array = NO_BYTES): JsonSlice {
  return { bytes, start: 0, end: bytes.length, depth: JSON_DEPTH };
}

/** The routes of the API, for requests with the key. */
export function apiRoutes(
  api: ApiParts,
  key: Uint8Array,
): (readonly [path: string, route: Route])[] {
  const check = { key, scratch: new Uint8Array(key.length) };
  const route = (name: string, method: ApiMethod, encode: Encode): [string, Route] => {
    const path = `/api/${name}`;
    const handle = (exchange: Exchange) => {
      if (!hasKey(exchange, check)) {
        api.context.meter.apiKeyRefused();
        return refuse(exchange, 401, "unauthorized");
      }
      return answerRequest(api, exchange, { method, encode });
    };
    const label = new LogLabel(`${path} (channels)`);
    const route = { label, methods: ["POST"], wantsBody: true, webSocket: null, handle };
    return [path, { ...route, isFreezable: true }];
  };
  return [
    ...NAMES.map((name) => route(name, METHODS[name]!, encodeResult)),
    // Its answer may come in a later turn, when the bytes of the request are not valid any more.
    route("batch", (api, slice) => batch(api, copyOf(slice)), encodeBatch),
  ];
}

/** Writes an answer. */
type Encode = (out: ByteBuffer, answer: ApiAnswer) => void;

const UTF8 = new TextEncoder();
/** A buffer for longer answers is not kept. */
const KEPT_BYTES = 64 * 1024;
/** Every answer is written here, and sent before the next one. */
let lastAnswer = new ByteBuffer();

function copyOf({ bytes, start, end, depth }: JsonSlice): JsonSlice {
  return { bytes: bytes.slice(start, end), start: 0, end: end - start, depth };
}

function answerRequest(
  parts: ApiParts,
  exchange: Exchange,
  { method, encode }: { readonly method: ApiMethod; readonly encode: Encode },
): void | Promise<void> {
  const { limits, meter } = parts.context;
  const { bodyBytes: bytes, bodyStart: start, bodyEnd: end } = exchange;
  if (end - start > limits.apiBytes) {
    meter.limitExceeded("api_body");
    return refuse(exchange, 413, "the body is too long");
  }
  const slice = { bytes, start, end, depth: JSON_DEPTH };
  // An empty body is a request without fields.
  const isEmpty = start === end;
  const { context, control, servers } = parts;
  const api = { context, control, servers, budget: new ApiBudget(limits) };
  const answer = method(api, isEmpty ? EMPTY_OBJECT : slice);
  // Nothing was carried out of a text that is no JSON: it is looked at as a whole first, and only once if it is one.
  if (answer === CLIENT_ERRORS.BAD_REQUEST && !isEmpty && !isObject(slice)) {
    return refuse(exchange, 400, "the body is no JSON object");
  }
  const respond = (answer: ApiAnswer) => {
    countError(parts, answer);
    const out = lastAnswer;
    out.clear();
    encode(out, answer);
    if (out.bytes.length > KEPT_BYTES) lastAnswer = new ByteBuffer();
    const head = { status: 200, fields: JSON_FIELDS, contentLength: out.length };
    exchange.respond(head, out.bytes, 0, out.length);
  };
  return whenThere(answer, respond);
}

function isObject(slice: JsonSlice): boolean {
  return isJson(slice) &&
    slice.bytes[skipBlank(slice.bytes, slice.start, slice.end)] === OPEN_BRACE;
}

const EMPTY_OBJECT: JsonSlice = {
  bytes: UTF8.encode("{}"),
  start: 0,
  end: 2,
  depth: JSON_DEPTH,
};

function refuse(exchange: Exchange, status: number, text: string): void {
  exchange.respondText(status, `${text}\n`);
}

/** The key of the API, and room for what a request gives as such. */
interface KeyCheck {
  readonly key: Uint8Array;
  readonly scratch: Uint8Array<ArrayBuffer>;
}

/** Whether the request has the key; the time that it takes says nothing about the key but its length. */
function hasKey({ request }: Exchange, { key, scratch }: KeyCheck): boolean {
  // Nearly every request: strings and calls out of JavaScript cost as much as the rest of a publication.
  if (request.fields.holds("x-api-key", key)) return true;
  const given = request.field("x-api-key") ??
    new URLSearchParams(request.query).get("api_key") ?? "";
  // Encoded into the same bytes each time: an array for each request costs more than the rest of the check.
  const { read, written } = UTF8.encodeInto(given, scratch);
  return read === given.length && written === key.length && timingSafeEqual(scratch, key);
}

/** `{"result":{…}}` or `{"error":{…}}`. */
function encodeResult(out: ByteBuffer, answer: ApiAnswer): void {
  writeAnswer(new JsonWriter(out), "result", answer);
}

function encodeBatch(out: ByteBuffer, answer: ApiAnswer): void {
  if (isRefused(answer)) return encodeResult(out, answer);
  const json = new JsonWriter(out).openObject();
  answer(json);
  json.closeObject();
}

function writeAnswer(json: JsonWriter, name: string, answer: ApiAnswer): void {
  json.openObject();
  if (isRefused(answer)) {
    writeApiError(json.name("error"), answer);
  } else {
    answer(json.name(name).openObject());
    json.closeObject();
  }
  json.closeObject();
}
