/**
 * The methods of the HTTP API that publish: publish, broadcast.
 *
 * In: a request. Out: offset and epoch of what was published. A backend's publication has no client; its data passes as it is.
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import {
  flag,
  isJson,
  JSON_DEPTH,
  type JsonWriter,
  raw,
  readList,
  readMap,
  readText,
  text,
  unsigned,
} from "../../../protocol/json/mod.ts";
import { decodeBase64 } from "@std/encoding/base64";
import { type PublishAnswer, type Soon, whenThere } from "../broker/mod.ts";
import {
  type ApiAnswer,
  type ApiContext,
  apiMethod,
  channelOf,
  countError,
  writeApiError,
  type WriteResult,
} from "./api_method.ts";
import { publishTo } from "./channel_publishing.ts";
import { isLongKey } from "./conflated_channels.ts";
import { wirePosition } from "./history_reading.ts";

const FIELDS = {
  data: raw("data"),
  base64: text("b64data"),
  tags: { wire: "tags", read: readMap(readText) },
  key: text("key"),
  skipHistory: flag("skip_history"),
  delta: flag("delta"),
  idempotencyKey: text("idempotency_key"),
  version: unsigned("version", Number.MAX_SAFE_INTEGER),
  versionEpoch: text("version_epoch"),
} as const;
type Fields = { readonly [Name in keyof typeof FIELDS]?: unknown } & {
  readonly data: Uint8Array | undefined;
  readonly base64: string | undefined;
  readonly tags: ReadonlyMap<string, string> | undefined;
  readonly key: string | undefined;
  readonly skipHistory: boolean | undefined;
  readonly delta: boolean | undefined;
  readonly idempotencyKey: string | undefined;
  readonly version: number | undefined;
  readonly versionEpoch: string | undefined;
};

const UTF8 = new TextEncoder();
const NO_BYTES = new Uint8Array(0);
/** What the store takes. */
const MAX_KEY_BYTES = 255;

/** Publishes to one channel. */
export const publish = apiMethod(
  { channel: text("channel"), ...FIELDS },
  (api, request) => publishOne(api, request.channel, request),
);

/** Publishes to several channels; each has an answer of its own. */
export const broadcast = apiMethod(
  { channels: { wire: "channels", read: readList(readText) }, ...FIELDS },
  (api, request) => {
    const { channels = [] } = request;
    const { limits, meter } = api.context;
    const isTooLong = channels.length > limits.apiCommands;
    if (isTooLong) meter.limitExceeded("api_commands");
    if (channels.length === 0 || isTooLong) return CLIENT_ERRORS.BAD_REQUEST;
    const answers = channels.map((channel) => publishOne(api, channel, request));
    if (areThere(answers)) return responses(api, answers);
    return Promise.all(answers).then((settled) => responses(api, settled));
  },
);

/** Whether none of them is still to come. */
function areThere(answers: readonly Soon<ApiAnswer>[]): answers is readonly ApiAnswer[] {
  return !answers.some((answer) => answer instanceof Promise);
}

function responses(api: ApiContext, answers: readonly ApiAnswer[]): WriteResult {
  for (const answer of answers) countError(api, answer);
  return (json) => {
    json.name("responses").openArray();
    for (const answer of answers) writeResponse(json, answer);
    json.closeArray();
  };
}

function publishOne(
  api: ApiContext,
  name: string | undefined,
  fields: Fields,
): Soon<ApiAnswer> {
  const channel = channelOf(api, name);
  if ("code" in channel) return channel;
  if (!api.budget.takePublication()) {
    api.context.meter.limitExceeded("api_commands");
    return CLIENT_ERRORS.LIMIT_EXCEEDED;
  }
  const data = fields.base64 === undefined ? fields.data : jsonOfBase64(fields.base64);
  const key = fields.idempotencyKey ? UTF8.encode(fields.idempotencyKey) : undefined;
  const versionEpoch = fields.versionEpoch ? UTF8.encode(fields.versionEpoch) : NO_BYTES;
  const isTooLong = (key?.length ?? 0) > MAX_KEY_BYTES || versionEpoch.length > MAX_KEY_BYTES ||
    isLongKey(fields.key ?? "");
  if (data === undefined || isTooLong) return CLIENT_ERRORS.BAD_REQUEST;
  const { tags, skipHistory, delta, version = 0 } = fields;
  const answer = publishTo(api.context, channel, {
    source: "api",
    data,
    tags,
    key: fields.key,
    skipHistory,
    delta,
    idempotencyKey: key,
    version: version > 0 ? { version, versionEpoch } : undefined,
  });
  return whenThere(answer, (result) => positionOf(api, result));
}

function positionOf({ context }: ApiContext, result: PublishAnswer | ClientError): ApiAnswer {
  if ("code" in result) return result;
  const { offset, epoch } = wirePosition(context, result);
  return (json) => {
    if (offset > 0) json.name("offset").integer(offset);
    json.name("epoch").text(epoch);
  };
}

/** Clients of the JSON protocol get JSON alone. */
function jsonOfBase64(base64: string): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64(base64);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
  return isJson({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH }) ? bytes : undefined;
}

function writeResponse(json: JsonWriter, answer: ApiAnswer): void {
  json.openObject();
  if (typeof answer === "function") {
    answer(json.name("result").openObject());
    json.closeObject();
  } else {
    writeApiError(json.name("error"), answer);
  }
  json.closeObject();
}
