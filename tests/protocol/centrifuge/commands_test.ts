/** Runs the table of messages with commands, each whole, between other bytes, and with every prefix. */

import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../protocol/errors.ts";
import {
  CLIENT_ERRORS,
  type Command,
  CommandReader,
  refusalOf,
} from "../../../protocol/centrifuge/mod.ts";
import { readRows, type Row, withoutBytes } from "../../support/json_tables.ts";

interface CommandRow extends Row {
  readonly input: string;
  /** The commands in front of the error, or all. */
  readonly expect: readonly unknown[];
  readonly error?: string;
}

const UTF8 = new TextEncoder();
const ROWS = readRows<CommandRow>("centrifuge/commands");

/** The commands, and the code of the error that ended them. */
function read(bytes: Uint8Array, start: number, end: number): [unknown[], string | undefined] {
  const commands: unknown[] = [];
  try {
    const reader = new CommandReader(bytes, start, end);
    for (let one = reader.next(); one !== undefined; one = reader.next()) {
      commands.push(withoutBytes(one));
    }
    return [commands, undefined];
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assertEquals([error.closeCode, error.status], [3501, 0]);
    return [commands, error.code];
  }
}

for (const { name, spec, input, expect, error } of ROWS) {
  Deno.test(`Centrifuge command: ${name}`, () => {
    const bytes = UTF8.encode(input);
    assertEquals(read(bytes, 0, bytes.length), [[...expect], error], spec);
    const between = Uint8Array.of(...UTF8.encode('{"id"'), ...bytes, ...UTF8.encode('}\n{"id":1}'));
    assertEquals(read(between, 5, 5 + bytes.length), [[...expect], error], "between other bytes");
    // Every prefix is a command, commands or an error: never an exception of another kind.
    for (let length = 0; length < bytes.length; length++) read(bytes, 0, length);
  });
}

function refusal(json: string): number | undefined {
  const bytes = UTF8.encode(json);
  const command: Command | undefined = new CommandReader(bytes, 0, bytes.length).next();
  return refusalOf(command!)?.code;
}

Deno.test("Centrifuge command: what no server of these features can fulfil gets an error", () => {
  const { BAD_REQUEST, NOT_AVAILABLE } = CLIENT_ERRORS;
  const rows: [string, number | undefined][] = [
    ['{"id":1,"subscribe":{"channel":"a"}}', undefined],
    ['{"id":1,"subscribe":{"channel":"a","type":0}}', undefined],
    ['{"id":1,"subscribe":{"channel":"a","type":4}}', NOT_AVAILABLE.code],
    ['{"id":1,"subscribe":{"channel":"a","tf":{}}}', BAD_REQUEST.code],
    ['{"id":1,"publish":{"channel":"a","data":null}}', undefined],
    ['{"id":1,"publish":{"channel":"a"}}', BAD_REQUEST.code],
    ['{"id":1,"publish":{"channel":"a","data":1,"type":1,"key":"k"}}', NOT_AVAILABLE.code],
    ['{"id":1,"sub_refresh":{"channel":"a"}}', BAD_REQUEST.code],
    ['{"id":1,"sub_refresh":{"channel":"a","token":"t","type":1}}', NOT_AVAILABLE.code],
    ['{"id":1,"rpc":{"method":"m"}}', undefined],
    ["{}", undefined],
  ];
  for (const [json, code] of rows) assertEquals(refusal(json), code, json);
});

Deno.test("Centrifuge command: a payload is a view of the message, not a copy", () => {
  const bytes = UTF8.encode('{"id":1,"publish":{"channel":"a","data":[1]}}');
  const command = new CommandReader(bytes, 0, bytes.length).next();
  if (command?.name !== "publish") throw new Error("no publish");
  assertEquals(command.request.data?.buffer, bytes.buffer);
});

Deno.test("Centrifuge command: errors say where the text fails, and never what a token is", () => {
  const bytes = UTF8.encode('{}\n{"id":1,"connect":{"token":"secret","name":1}}');
  const reader = new CommandReader(bytes, 0, bytes.length);
  reader.next();
  const error = assertThrows(() => reader.next(), ProtocolError, "at byte 43 of the command");
  assertEquals(error.message.includes("secret"), false);
});
