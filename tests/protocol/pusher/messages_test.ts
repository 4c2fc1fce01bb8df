/** Runs the tables of the Pusher protocol: messages of clients, bodies of backends, names of channels. */

import { assertEquals } from "@std/assert";
import { ProtocolError } from "../../../protocol/errors.ts";
import {
  decodePusherBatch,
  decodePusherEvent,
  decodePusherMessage,
  jsonDataOf,
  parsePusherChannel,
  readPusherMember,
  readPusherUser,
} from "../../../protocol/pusher/mod.ts";
import { readRows, type Row, withoutBytes } from "../../support/json_tables.ts";

interface Case extends Row {
  readonly input: string;
  readonly expect?: unknown;
  readonly error?: string;
}

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

type Decode = (bytes: Uint8Array, start: number, end: number) => unknown;

/** What is decoded, or the code of the error. */
function outcome(decode: Decode, bytes: Uint8Array, start: number, end: number): unknown {
  try {
    return withoutBytes(decode(bytes, start, end));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code;
  }
}

function check({ name, spec, input, expect, error }: Case, decode: Decode): void {
  Deno.test(`Pusher: ${name}`, () => {
    const bytes = UTF8.encode(input);
    const wanted = expect ?? error;
    assertEquals(outcome(decode, bytes, 0, bytes.length), wanted, spec);
    const between = Uint8Array.of(...UTF8.encode('{"'), ...bytes, ...UTF8.encode('"}'));
    assertEquals(outcome(decode, between, 2, 2 + bytes.length), wanted, "between other bytes");
    // Every prefix is something or an error: never an exception of another kind.
    for (let length = 0; length < bytes.length; length++) outcome(decode, bytes, 0, length);
  });
}

for (const row of readRows<Case>("pusher/messages")) check(row, decodePusherMessage);

const BODIES: Readonly<Record<string, Decode>> = {
  events: (...slice) => [decodePusherEvent(...slice)].map(namesAlone),
  batch_events: (...slice) => decodePusherBatch(...slice).map(namesAlone),
};

function namesAlone(event: ReturnType<typeof decodePusherEvent>): unknown {
  return { ...event, channels: event.channels.map(({ name }) => name) };
}

for (const row of readRows<Case & { method: string }>("pusher/api_bodies")) {
  check({ ...row, name: `body: ${row.name}` }, BODIES[row.method]!);
}

for (const { name, spec, input, expect } of readRows<Case>("pusher/channel_names")) {
  Deno.test(`Pusher name: ${name}`, () =>
    assertEquals<unknown>(parsePusherChannel(input), expect, spec));
}

Deno.test("Pusher: who somebody is, by what an application has signed", () => {
  const info = (json: string) => withoutBytes(readPusherMember(json));
  assertEquals(info('{"user_id":"a","user_info":{"n": 1.0}}'), {
    id: "a",
    info: 'json:{"n": 1.0}',
  });
  assertEquals(info('{"user_id":42}'), { id: "42" });
  for (const none of ["", "[]", "{}", '{"user_id":""}', '{"user_id":null}', '{"user_id":[1]}']) {
    assertEquals(readPusherMember(none), undefined, none);
  }
  assertEquals(readPusherUser('{"id":"a","watchlist":["b"]}'), "a");
  assertEquals(readPusherUser('{"id":7}'), "7");
  assertEquals(readPusherUser(`{"id":"${"a".repeat(129)}"}`), undefined);
});

Deno.test("Pusher: the data of an event is JSON for others, whatever text it is", () => {
  const rows: [text: string, json: string, form: string][] = [
    ['{"a": 1.0}', '{"a": 1.0}', "json"],
    ['"a"', '"a"', "json"],
    ["[1,\n2]", "[1,\n2]", "lines"],
    ["hello", '"hello"', "text"],
    ["", '""', "text"],
    ["{", '"{"', "text"],
    ["1 2", '"1 2"', "text"],
    ["ü\n", '"ü\\n"', "text"],
  ];
  for (const [text, json, form] of rows) {
    const data = jsonDataOf(text);
    assertEquals([TEXT.decode(data.json), data.form], [json, form], text);
    assertEquals(form === "text" ? JSON.parse(json) : json, text, "it comes back as it was");
  }
});
