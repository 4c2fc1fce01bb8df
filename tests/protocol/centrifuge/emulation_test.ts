/** The body of an emulation request: what is carried, and what is refused with 400. */

import { assertEquals, assertThrows } from "@std/assert";
import { CommandReader, decodeEmulation } from "../../../protocol/centrifuge/mod.ts";
import { ProtocolError } from "../../../protocol/errors.ts";

const UTF8 = new TextEncoder();

function decode(body: string) {
  const bytes = UTF8.encode(body);
  return decodeEmulation(bytes, 0, bytes.length);
}

Deno.test("emulation: the commands are a message, with their payloads untouched", () => {
  const commands =
    '{"id":2,"publish":{"channel":"é","data":{"n":12345678901234567890,"x":1.0}}}\n{}';
  const { session, node, data } = decode(
    JSON.stringify({ session: "s", node: "n", data: commands, later: 1 }),
  );
  assertEquals([session, node, new TextDecoder().decode(data)], ["s", "n", commands]);
  const reader = new CommandReader(data, 0, data.length);
  assertEquals([reader.next()?.name, reader.next()?.name, reader.next()], [
    "publish",
    "pong",
    undefined,
  ]);
});

Deno.test("emulation: the node may be missing", () => {
  assertEquals(decode('{"session":"s","data":"{}"}').node, "");
});

Deno.test("emulation: other bodies are refused with 400", () => {
  const bodies = [
    "",
    "hello",
    "[]",
    "{}",
    '{"session":"s"}',
    '{"session":"","data":"{}"}',
    '{"session":"s","data":""}',
    '{"session":1,"data":"{}"}',
    '{"session":"s","data":{}}',
    '{"session":"s","session":"t","data":"{}"}',
    '{"session":"s","data":"{}"} {}',
  ];
  for (const body of bodies) {
    const error = assertThrows(() => decode(body), ProtocolError);
    assertEquals([error.status, error.code], [400, "CENTRIFUGE_EMULATION"], body);
  }
});
