/** Runs the table of opening handshakes. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  computeAccept,
  type HandshakeRequest,
  judgeHandshake,
} from "../../../protocol/websocket/mod.ts";

interface Row {
  name: string;
  spec: string;
  input: { method: string; minorVersion: number; fields: Record<string, string> };
  expect?: { accept: string };
  error?: { status: number; code: string; fields: [string, string][] };
}

const url = new URL("../../../fixtures/websocket/handshake.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`websocket handshake: ${row.name}`, () => {
    const answer = judgeHandshake(request(row));
    if ("accept" in answer) {
      assertEquals(answer, row.expect, row.spec);
      return;
    }
    const { status, code, fields, message } = answer;
    assertEquals({ status, code, fields }, row.error, row.spec);
    assertMatch(message, /^[^\r\n]+[^.\s]$/, "one sentence without a full stop");
  });
}

Deno.test("the accept key of RFC 6455 section 1.3", () => {
  assertEquals(computeAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

function request({ input }: Row): HandshakeRequest {
  const { method, minorVersion, fields } = input;
  return { method, minorVersion, field: (name) => fields[name] };
}
