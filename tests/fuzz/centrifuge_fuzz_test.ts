/**
 * Fuzz test of the Centrifuge protocol: any message gives commands or a ProtocolError with 3501, never another
 * exception, and no more commands than it has lines. The scanner and JSON.parse accept the same texts; a payload that was
 * accepted comes out of a publication as the same value, on one line.
 *
 * Seeded: a failure names its seed. FUZZ_RUNS sets the number of inputs, FUZZ_SEED the first seed.
 */

import { assert, assertEquals } from "@std/assert";
import { ByteBuffer } from "../../protocol/byte_buffer.ts";
import {
  type Command,
  CommandReader,
  decodeEmulation,
  refusalOf,
  writePublicationFields,
  writePublicationPush,
} from "../../protocol/centrifuge/mod.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { isJson, JSON_DEPTH } from "../../protocol/json/mod.ts";
import { isParsed, readRows, type Row } from "../support/json_tables.ts";
import { Random } from "../support/random.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);

const UTF8 = new TextEncoder();
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MESSAGES = readRows<Row & { input: string }>("centrifuge/commands").map(({ input }) => input);
/** What texts are built of: the tokens of JSON, and the words of the protocol. */
const TOKENS = [
  ...['{"id":1,', '"', "{", "}", "[", "]", ",", ":", "\n", "\r", " ", "\\", "\\u", "\\ud800", "é"],
  ...["0", "1", "-", "1.0", "1e5", "true", "null", '"a"', '"id":', '"channel":', '"data":', "\0"],
  ...['"subscribe":{', '"publish":{', '"connect":{', '"send":{', '"subs":{', '"offset":', "}}"],
];

Deno.test(`centrifuge fuzz: ${RUNS} messages from seed ${SEED}`, () => {
  const met = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    const seed = SEED + run;
    try {
      for (const outcome of fuzzOne(new Random(seed))) {
        met.set(outcome, (met.get(outcome) ?? 0) + 1);
      }
    } catch (error) {
      throw new Error(`centrifuge fuzz failed: FUZZ_SEED=${seed} FUZZ_RUNS=1`, { cause: error });
    }
  }
  // A fuzzer that is always refused early tests nothing: every kind of result must occur.
  if (RUNS < 1000) return;
  const wanted = ["pong", "connect", "subscribe", "publish", "send", "history", "sub_refresh"];
  wanted.push("CENTRIFUGE_MALFORMED", "CENTRIFUGE_NO_COMMAND", "CENTRIFUGE_NO_ID");
  wanted.push(
    "CENTRIFUGE_SEVERAL",
    "CENTRIFUGE_NO_CHANNEL",
    "CENTRIFUGE_EMPTY",
    "emulation",
    "400",
  );
  for (const kind of wanted) assert(met.has(kind), `${kind} was never reached`);
});

function fuzzOne(random: Random): string[] {
  const message = randomMessage(random);
  // A text that is nested too deeply for the scanner does not occur here.
  assertEquals(isJson({ ...whole(message), depth: JSON_DEPTH }), isParsed(message));
  return [...readAll(message), emulate(random, message)];
}

/** The names of the commands, and the code of the error. */
function readAll(message: Uint8Array): string[] {
  const outcomes: string[] = [];
  try {
    const reader = new CommandReader(message, 0, message.length);
    for (let one = reader.next(); one !== undefined; one = reader.next()) {
      outcomes.push(one.name);
      refusalOf(one);
      publish(one);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assertEquals(error.closeCode, 3501);
    outcomes.push(error.code);
  }
  const lines = message.filter((byte) => byte === 0x0a).length + 1;
  assert(outcomes.length <= lines, `${outcomes.length} outcomes of ${lines} lines`);
  return outcomes;
}

/** A payload leaves as the value that it was, on one line. */
function publish(command: Command): void {
  if (command.name !== "publish" || command.request.data === undefined) return;
  const { channel = "", data } = command.request;
  const [fields, out] = [new ByteBuffer(0), new ByteBuffer(0)];
  writePublicationFields(fields, { data });
  writePublicationPush(out, channel, { offset: 5, fields: fields.view() });
  const line = STRICT.decode(out.view());
  assertEquals(/[\r\n]/.test(line), false);
  const { push } = JSON.parse(line);
  assertEquals(push, { channel, pub: { offset: 5, data: JSON.parse(STRICT.decode(data)) } });
}

function emulate(random: Random, message: Uint8Array): string {
  const text = new TextDecoder().decode(message);
  const body = UTF8.encode(JSON.stringify({ session: "s", node: "n", data: text }));
  if (random.below(3) === 0) body[random.below(body.length)] = random.below(256);
  try {
    decodeEmulation(body, 0, body.length);
    return "emulation";
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assertEquals(error.status, 400);
    return "400";
  }
}

function whole(bytes: Uint8Array) {
  return { bytes, start: 0, end: bytes.length };
}

/** Commands of the table, changed; or tokens in any order. */
function randomMessage(random: Random): Uint8Array {
  if (random.below(20) === 0) return random.bytes(random.below(100));
  if (random.below(4) === 0) {
    const parts = Array.from({ length: random.below(30) }, () => pick(random, TOKENS));
    return UTF8.encode(parts.join(""));
  }
  const shallow = MESSAGES.filter((message) => !message.includes("[[["));
  const lines = Array.from({ length: 1 + random.below(3) }, () => pick(random, shallow));
  let text = lines.join("\n");
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
