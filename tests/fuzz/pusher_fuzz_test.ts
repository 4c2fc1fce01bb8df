/**
 * Fuzz test of the Pusher protocol: any message gives a command or a ProtocolError, any body of a backend events or a
 * ProtocolError with 400, any query a signed request or none; never another exception. The data of an event comes back to the
 * byte, and what others read is JSON. A signature is right for the text that was signed, and for no other.
 *
 * Seeded: a failure names its seed. FUZZ_RUNS sets the number of inputs, FUZZ_SEED the first seed.
 */

import { assert, assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  decodePusherBatch,
  decodePusherEvent,
  decodePusherMessage,
  eventMessage,
  jsonDataOf,
  parsePusherChannel,
  readPusherMember,
  readPusherUser,
  signedRequest,
} from "../../protocol/pusher/mod.ts";
import { readRows, type Row } from "../support/json_tables.ts";
import { Random } from "../support/random.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
const inputsOf = (path: string) =>
  readRows<Row & { input: string }>(path).map(({ input }) => input);
const MESSAGES = inputsOf("pusher/messages");
const BODIES = inputsOf("pusher/api_bodies");
/** What texts are built of: the tokens of JSON, and the words of the protocol. */
const TOKENS = [
  ...['{"event":', '"', "{", "}", "[", "]", ",", ":", "\n", " ", "\\", "\\ud800", "é", "\0"],
  ...["0", "1.0", "1e5", "true", "null", '"a"', '"data":', '"channel":', '"name":', '"batch":['],
  ...['"pusher:subscribe"', '"client-a"', '"user_id":', '"id":', '"channels":["a"]', '"auth":""'],
];

Deno.test(`pusher fuzz: ${RUNS} inputs from seed ${SEED}`, () => {
  const met = new Set<string>();
  for (let run = 0; run < RUNS; run++) {
    const seed = SEED + run;
    try {
      for (const outcome of fuzzOne(new Random(seed))) met.add(outcome);
    } catch (error) {
      throw new Error(`pusher fuzz failed: FUZZ_SEED=${seed} FUZZ_RUNS=1`, { cause: error });
    }
  }
  // A fuzzer that is always refused early tests nothing: every kind of result must occur.
  if (RUNS < 1000) return;
  const wanted = ["subscribe", "unsubscribe", "signin", "ping", "pong", "event", "unknown"];
  wanted.push("PUSHER_MALFORMED", "PUSHER_API", "events", "batch", "signed", "unsigned");
  for (const kind of wanted) assert(met.has(kind), `${kind} was never reached`);
});

function fuzzOne(random: Random): string[] {
  const message = randomBytes(random, MESSAGES);
  const body = randomBytes(random, BODIES);
  const text = TEXT.decode(body);
  parsePusherChannel(text);
  readPusherMember(text);
  readPusherUser(text);
  comesBack(text);
  return [
    codeOr(() => decodePusherMessage(message, 0, message.length).name),
    codeOr(() => (decodePusherEvent(body, 0, body.length), "events")),
    codeOr(() => (decodePusherBatch(body, 0, body.length), "batch")),
    sign(random),
  ];
}

function codeOr(decode: () => string): string {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code;
  }
}

function comesBack(text: string): void {
  const { json, form } = jsonDataOf(text);
  const read = JSON.parse(TEXT.decode(json));
  assertEquals(form === "text" ? read : TEXT.decode(json), text);
  assertEquals(JSON.parse(eventMessage({ event: "e", channel: "a", data: text })).data, text);
}

/** A query as a backend signs it, and perhaps changed on its way. */
function sign(random: Random): string {
  const parameters = new Map([
    ["auth_key", "key"],
    ["auth_timestamp", `${random.below(2_000_000_000)}`],
    ["auth_version", "1.0"],
    ["filter_by_prefix", pick(random, ["", "presence-", "a=b", "a;b", "a b", "ü"])],
  ]);
  const sorted = [...parameters].map(([name, value]) => `${name}=${value}`).join("&");
  const text = `GET\n/apps/1/channels\n${sorted}`;
  const right = macOf(text);
  const query = new URLSearchParams([...parameters, ["auth_signature", right]]).toString();
  const at = random.below(query.length);
  const changed = random.below(2) === 0
    ? query
    : query.slice(0, at) + pick(random, ["0", "&", "=", "%", "é", "a"]) + query.slice(at + 1);
  const signed = signedRequest("GET", "/apps/1/channels", changed);
  if (signed === undefined) return "unsigned";
  // It is believed only if everything is as it was signed.
  if (macOf(signed.text) === signed.signature) assertEquals(signed.text, text);
  else assert(changed !== query);
  return "signed";
}

function macOf(text: string): string {
  return createHmac("sha256", "secret").update(text).digest("hex");
}

/** Inputs of the tables, changed; or tokens in any order. */
function randomBytes(random: Random, table: readonly string[]): Uint8Array {
  if (random.below(20) === 0) return random.bytes(random.below(100));
  if (random.below(4) === 0) {
    const parts = Array.from({ length: random.below(30) }, () => pick(random, TOKENS));
    return UTF8.encode(parts.join(""));
  }
  let text = pick(random, table);
  for (let spoils = random.below(3); spoils > 0; spoils--) {
    const at = random.below(text.length + 1);
    text = text.slice(0, at) + pick(random, TOKENS) + text.slice(at + random.below(4));
  }
  const bytes = UTF8.encode(text);
  if (random.below(10) === 0 && bytes.length > 0) bytes[random.below(bytes.length)] = 0xff;
  return bytes;
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}
