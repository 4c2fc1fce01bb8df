/** Base64 against published vectors and @std/encoding, and what strict decoding refuses. */

import { assertEquals } from "@std/assert";
import { decodeBase64 as decodeStd, encodeBase64 as encodeStd } from "@std/encoding/base64";
import { encodeHex } from "@std/encoding/hex";
import { decodeBase64, encodeBase64 } from "../../protocol/base64.ts";
import { Random } from "../support/random.ts";

interface Row {
  name: string;
  spec: string;
  /** Bytes in hex; in a row with `error`, text to decode. */
  input: string;
  expect?: string;
  error?: string;
}

const url = new URL("../../fixtures/base64.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`base64: ${row.name}`, () => {
    if (row.expect === undefined) {
      assertEquals(decodeBase64(row.input), undefined, row.spec);
      return;
    }
    const bytes = Uint8Array.from(row.input.match(/../g) ?? [], (two) => parseInt(two, 16));
    assertEquals(encodeBase64(bytes), row.expect, row.spec);
    assertEquals(decodeBase64(row.expect), bytes, row.spec);
  });
}

Deno.test("base64 equals @std/encoding for every length from 0 to 1,000, both ways", () => {
  const random = new Random(3);
  for (let length = 0; length <= 1000; length++) {
    const bytes = random.bytes(length);
    const text = encodeBase64(bytes);
    assertEquals(text, encodeStd(bytes), `${length} bytes`);
    assertEquals(encodeHex(decodeBase64(text)!), encodeHex(decodeStd(text)), `${length} bytes`);
  }
});

Deno.test("base64 decodes a text only if encoding the result gives the same text", () => {
  // Every text of two characters and two paddings, over the alphabet and its neighbours.
  const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  let accepted = 0;
  for (const first of characters) {
    for (const second of characters) {
      const text = `${first}${second}==`;
      const bytes = decodeBase64(text);
      if (bytes === undefined) continue;
      accepted++;
      assertEquals(encodeBase64(bytes), text);
    }
  }
  assertEquals(accepted, 256);
});

Deno.test("base64 decodes a text with any pad bits if they are allowed", () => {
  assertEquals(decodeBase64("QQ==", "any"), Uint8Array.of(0x41));
  assertEquals(decodeBase64("QR==", "any"), Uint8Array.of(0x41));
  assertEquals(decodeBase64("QUJ=", "any"), Uint8Array.of(0x41, 0x42));
  for (const text of ["QR=", "Q===", "Q-==", "QR==\n"]) {
    assertEquals(decodeBase64(text, "any"), undefined);
  }
});

Deno.test("base64 of a view encodes only the bytes of the view", () => {
  const around = new Random(4).bytes(64);
  assertEquals(encodeBase64(around.subarray(3, 50)), encodeBase64(around.slice(3, 50)));
});
