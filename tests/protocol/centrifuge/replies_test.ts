/** Runs the table of replies and pushes: the text of each, and that JSON.parse reads what was meant. */

import { assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import * as centrifuge from "../../../protocol/centrifuge/mod.ts";
import {
  type ClientInfo,
  FRAMINGS,
  PING,
  ReplyBatch,
  writeClientInfo,
} from "../../../protocol/centrifuge/mod.ts";
import { JsonWriter } from "../../../protocol/json/mod.ts";
import { readRows, type Row, withBytes } from "../../support/json_tables.ts";

interface ReplyRow extends Row {
  /** The function that writes it. */
  readonly write: keyof typeof centrifuge;
  /** Its arguments behind the buffer. */
  readonly arguments: readonly unknown[];
  readonly expect: string;
}

type Writer = (out: ByteBuffer, ...values: unknown[]) => void;

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
const ROWS = readRows<ReplyRow>("centrifuge/replies");

function write(row: ReplyRow, out: ByteBuffer): void {
  const values = row.arguments.map(withBytes);
  // It writes a part of a reply.
  if (row.write === "writeClientInfo") {
    return writeClientInfo(new JsonWriter(out), values[0] as ClientInfo);
  }
  const writer = centrifuge[row.write] as unknown as Writer;
  writer(out, ...values);
}

for (const row of ROWS) {
  Deno.test(`Centrifuge reply: ${row.name}`, () => {
    const out = new ByteBuffer(0);
    write(row, out);
    const text = TEXT.decode(out.view());
    assertEquals(text, row.expect, row.spec);
    JSON.parse(row.write === "writePublicationFields" ? `{${text}}` : text);
    // The buffer may contain something already.
    const later = new ByteBuffer(0);
    later.append(UTF8.encode('{"a":[1'));
    write(row, later);
    assertEquals(TEXT.decode(later.view()), `{"a":[1${row.expect}`);
  });
}

Deno.test("Centrifuge reply: every writer has a row", () => {
  const writers = Object.keys(centrifuge).filter((name) => name.startsWith("write"));
  const tested = new Set<string>(ROWS.map((row) => row.write));
  assertEquals(writers.filter((name) => !tested.has(name)), []);
});

function framed(name: keyof typeof FRAMINGS, replies: readonly string[]): string {
  const out = new ByteBuffer(0);
  const batch = new ReplyBatch(out, FRAMINGS[name]);
  for (const reply of replies) batch.append(UTF8.encode(reply));
  assertEquals(batch.count, replies.length);
  return TEXT.decode(out.view());
}

Deno.test("Centrifuge framing: WebSocket messages, SSE events and lines of a stream", () => {
  const replies = [TEXT.decode(PING), '{"id":1}', '{"id":2}'];
  assertEquals(framed("websocket", replies), '{}\n{"id":1}\n{"id":2}');
  assertEquals(framed("sse", replies), 'data: {}\n\ndata: {"id":1}\n\ndata: {"id":2}\n\n');
  assertEquals(framed("http_stream", replies), '{}\n{"id":1}\n{"id":2}\n');
  for (const name of ["websocket", "sse", "http_stream"] as const) {
    assertEquals(framed(name, []), "");
  }
  assertEquals(framed("websocket", ["{}"]), "{}");
});

Deno.test("Centrifuge framing: no reply has a line break, so none ends early", () => {
  for (const row of ROWS) {
    const out = new ByteBuffer(0);
    const batch = new ReplyBatch(out, FRAMINGS.sse);
    write(row, batch.begin());
    batch.end();
    assertEquals(TEXT.decode(out.view()), `data: ${row.expect}\n\n`);
  }
});
