/**
 * The table of responses: the bytes sent for a request and a handler's response, encoded directly and
 * prepared, appended to an empty buffer and after other bytes.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import {
  CLOSES,
  constantFields,
  DateField,
  encodeResponseHead,
  KEEPS_ALIVE,
  PreparedResponse,
} from "../../../protocol/http1/mod.ts";
import responseRows from "../../../fixtures/http1/responses.json" with { type: "json" };
import { bytesOf, textOf } from "../../support/protocol_cases.ts";
import { Dialogue, TEST_TIME } from "./dialogue.ts";

interface ResponseInput {
  readonly request: string;
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly contentLength?: number;
  readonly pieces?: readonly string[];
  readonly mustClose?: boolean;
}

interface ResponseRow {
  readonly name: string;
  readonly spec: string;
  readonly input: ResponseInput;
  readonly expect?: { readonly text: string; readonly goesOn: boolean };
  readonly error?: "TypeError" | "RangeError";
}

const rows = responseRows as unknown as readonly ResponseRow[];
const ERRORS = { TypeError, RangeError };

/** A connection that has received the request of `input` and not answered it. */
function asked(input: ResponseInput): Dialogue {
  const dialogue = new Dialogue({ answers: false });
  dialogue.feed(bytesOf(input.request));
  if (input.mustClose) dialogue.connection.mustClose();
  return dialogue;
}

function answer({ connection }: Dialogue, input: ResponseInput, out: ByteBuffer): void {
  const { status, fields, contentLength = -1 } = input;
  const response = { status, fields, contentLength };
  if (input.pieces === undefined) {
    const body = bytesOf(`<<${input.body ?? ""}>>`);
    return connection.sendWhole(out, response, body, 2, body.length - 2);
  }
  connection.sendResponse(out, response);
  for (const piece of input.pieces) {
    const body = bytesOf(`<<${piece}>>`);
    connection.sendData(out, body, 2, body.length - 2);
  }
  connection.sendEnd(out);
}

for (const row of rows) {
  const { expect, error, input } = row;
  Deno.test(`response: ${row.name} (${row.spec})`, () => {
    const dialogue = asked(input);
    const out = new ByteBuffer(1);
    out.append(bytesOf("before"));
    if (error !== undefined) {
      assertThrows(() => answer(dialogue, input, out), ERRORS[error]);
      return;
    }
    answer(dialogue, input, out);
    assertEquals(textOf(out.view()), "before" + expect!.text);
    dialogue.takeEvents();
    assertEquals(dialogue.connection.keepAlive, expect!.goesOn);
    assertEquals(dialogue.close().at(-1), expect!.goesOn ? "need data" : "closed");
  });
}

const NOTHING = new Uint8Array(0);

Deno.test("an invalid head appends nothing, and another response is possible", () => {
  for (const { input } of rows.filter((row) => row.error !== undefined)) {
    if (input.pieces !== undefined || input.contentLength !== undefined) continue;
    const dialogue = asked(input);
    const out = new ByteBuffer();
    assertThrows(() => answer(dialogue, input, out));
    assertEquals(out.length, 0);
    answer(dialogue, { ...input, status: 500, fields: [], body: "sorry" }, out);
    assertEquals(textOf(out.view()).split("\r\n")[0], "HTTP/1.1 500 Internal Server Error");
  }
});

Deno.test("a prepared response has exactly the bytes of the response encoder", () => {
  let compared = 0;
  for (const { input, expect } of rows) {
    if (expect === undefined || input.body === undefined || input.contentLength !== undefined) {
      continue;
    }
    const date = new DateField(TEST_TIME);
    const prepared = new PreparedResponse(input, bytesOf(input.body), date);
    // Twice: the first call encodes the form, the second reuses it.
    for (let i = 0; i < 2; i++) {
      const dialogue = asked(input);
      const out = new ByteBuffer(1);
      dialogue.connection.sendPrepared(out, prepared);
      assertEquals(textOf(out.view()), expect.text);
      dialogue.takeEvents();
      assertEquals(dialogue.connection.keepAlive, expect.goesOn);
      assertEquals(dialogue.close().at(-1), expect.goesOn ? "need data" : "closed");
    }
    compared++;
  }
  assertEquals(compared > 15, true);
});

Deno.test("a prepared response has the current date in every form", () => {
  const date = new DateField(0);
  const prepared = new PreparedResponse({ status: 404, fields: [] }, bytesOf("no"), date);
  const dateIn = (text: string) => /^Date: (.*)\r$/m.exec(text)?.[1];
  for (const seconds of [0, 0, 1, 86_400, 1]) {
    date.set(TEST_TIME + seconds * 1000);
    for (const headOnly of [false, true]) {
      for (const persistence of [0, 1, 2]) {
        const text = textOf(prepared.bytesFor(headOnly, persistence));
        assertEquals(dateIn(text), new Date(TEST_TIME + seconds * 1000).toUTCString());
        assertEquals(text.endsWith("\r\n\r\n"), headOnly);
        assertEquals(text.includes("Connection: keep-alive"), persistence === 1);
        assertEquals(text.includes("Connection: close"), persistence === 2);
      }
    }
  }
});

Deno.test("a prepared head equals that of the response encoder; the caller sends the body", () => {
  const date = new DateField(TEST_TIME);
  const body = bytesOf("from elsewhere");
  const fields = [["ETag", '"v1"']] as const;
  const whole = new PreparedResponse({ status: 200, fields }, body, date);
  const bytesOutside = body.length;
  const head = new PreparedResponse({ status: 200, fields, bytesOutside }, NOTHING, date);
  for (const { input } of rows.filter((row) => row.error === undefined)) {
    const [expected, out] = [new ByteBuffer(), new ByteBuffer()];
    asked(input).connection.sendPrepared(expected, whole);
    const { connection } = asked(input);
    assertThrows(() => connection.sendPrepared(out, head), TypeError);
    connection.sendPreparedHead(out, head);
    if (connection.sendDataOutside(body.length)) out.append(body);
    connection.sendEnd(out);
    assertEquals(textOf(out.view()), textOf(expected.view()));
  }
  const cut = asked(rows[0]!.input).connection;
  cut.sendPreparedHead(new ByteBuffer(), head);
  cut.sendDataOutside(3);
  assertThrows(() => cut.sendEnd(new ByteBuffer()), TypeError);
});

Deno.test("the constructor refuses a response that cannot be prepared", () => {
  const date = new DateField(TEST_TIME);
  const make = (status: number, name: string, body: string) => () =>
    new PreparedResponse({ status, fields: [[name, "x"]] }, bytesOf(body), date);
  assertThrows(make(101, "A", ""), RangeError);
  assertThrows(make(600, "A", ""), RangeError);
  assertThrows(make(204, "A", "x"), TypeError);
  assertThrows(make(304, "A", "x"), TypeError);
  assertThrows(make(200, "A b", ""), TypeError);
  assertEquals(make(204, "A", "")().status, 204);
  const outside = (status: number, body: string) => () =>
    new PreparedResponse({ status, fields: [], bytesOutside: 1 }, bytesOf(body), date);
  assertThrows(outside(200, "x"), TypeError);
  assertThrows(outside(304, ""), TypeError);
});

Deno.test("lengths are correct around each power of ten, chunk sizes around each power of sixteen", () => {
  for (const edge of [0, 1, 9, 10, 15, 16, 17, 99, 100, 255, 256, 257, 4095, 4096, 65535, 65536]) {
    const body = new Uint8Array(edge + 4).fill(0x61);
    for (const contentLength of [edge, -1]) {
      const { connection } = asked(rows[0]!.input);
      const out = new ByteBuffer();
      connection.sendResponse(out, { status: 200, fields: [], contentLength });
      const headEnd = out.length;
      connection.sendData(out, body, 2, edge + 2);
      connection.sendEnd(out);
      const text = textOf(out.view());
      const content = "a".repeat(edge);
      const chunk = edge === 0 ? "" : `${edge.toString(16)}\r\n${content}\r\n`;
      assertEquals(text.slice(headEnd), contentLength < 0 ? `${chunk}0\r\n\r\n` : content);
      assertEquals(text.includes(`Content-Length: ${edge}\r\n`), contentLength >= 0);
    }
  }
});

Deno.test("response: constant fields are sent as others are, in each of many responses", () => {
  const lists = [[], [["A", "1"]], [["A", "1"], ["b-c", "two words"], ["A", ""]]] as const;
  for (const list of lists) {
    const constant = constantFields(list.map(([name, value]) => [name, value] as const));
    for (
      const [head, mustClose] of [["HTTP/1.1", false], ["HTTP/1.0", false], [
        "HTTP/1.1",
        true,
      ]] as const
    ) {
      const input = {
        request: `GET / ${head}\r\nHost: a\r\n\r\n`,
        status: 200,
        body: "ok",
        mustClose,
      };
      const texts = [list, constant, constant].map((fields) => {
        const out = new ByteBuffer(1);
        answer(asked({ ...input, fields }), { ...input, fields }, out);
        return textOf(out.view());
      });
      assertEquals([texts[1], texts[2]], [texts[0], texts[0]]);
    }
  }
});

Deno.test("response: a head with constant fields is kept for each status, and has the date and the length of now", () => {
  const list = [["content-type", "text/plain"]] as const;
  const constant = constantFields([["content-type", "text/plain"]]);
  const statuses = [200, 404, 200, 204, 304, 500, 501, 502, 503, 504, 505, 506, 507, 508, 200];
  const dates = [new DateField(TEST_TIME), new DateField(TEST_TIME + 86_400_000)];
  for (const [turn, status] of statuses.entries()) {
    const date = dates[turn % 3 === 0 ? 1 : 0]!;
    date.set(TEST_TIME + turn * 1000);
    for (const contentLength of [0, 7, 10, 99_999, 2 ** 40, -1]) {
      const texts = [list, constant].map((fields) => {
        const out = new ByteBuffer(1);
        for (const persistence of [KEEPS_ALIVE, CLOSES]) {
          encodeResponseHead(out, { status, fields, contentLength }, {
            date,
            contentLength,
            persistence,
          });
        }
        return textOf(out.view());
      });
      assertEquals(texts[1], texts[0]);
    }
    for (const contentLength of [1.5, 2 ** 60, NaN]) {
      const out = new ByteBuffer();
      const form = { date, contentLength, persistence: KEEPS_ALIVE };
      const head = { status, fields: constant, contentLength };
      assertThrows(() => encodeResponseHead(out, head, form), RangeError);
      assertEquals(out.length, 0);
    }
  }
});

Deno.test("response: constant fields are checked, and say nothing about the connection", () => {
  for (const name of ["Connection", "Upgrade", "Date", "Content-Length", "Transfer-Encoding"]) {
    assertThrows(() => constantFields([["A", "1"], [name, "x"]]), TypeError, name);
  }
  for (const field of [["", "x"], ["a b", "x"], ["A", "x\r\nB: y"]] as const) {
    assertThrows(() => constantFields([field]), TypeError);
  }
});
