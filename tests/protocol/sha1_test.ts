/** SHA-1 against published vectors and against Web Crypto over every length from 0 to 1,000. */

import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { sha1 } from "../../protocol/sha1.ts";
import { Random } from "../support/random.ts";

interface Row {
  name: string;
  spec: string;
  input: { ascii?: string; hex?: string; fill?: [byte: string, count: number] };
  expect: string;
}

const url = new URL("../../fixtures/sha1.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`sha1 vector: ${row.name}`, () => {
    assertEquals(encodeHex(sha1(inputBytes(row))), row.expect, row.spec);
  });
}

Deno.test("sha1 equals Web Crypto for every length from 0 to 1,000", async () => {
  const random = new Random(1);
  for (let length = 0; length <= 1000; length++) {
    const bytes = random.bytes(length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
    assertEquals(sha1(bytes), digest, `${length} bytes`);
  }
});

Deno.test("sha1 of a view hashes only the bytes of the view", () => {
  const around = new Random(2).bytes(300);
  const before = around.slice();
  assertEquals(sha1(around.subarray(7, 207)), sha1(around.slice(7, 207)));
  assertEquals(around, before);
});

function inputBytes(row: Row): Uint8Array {
  const { ascii, hex, fill } = row.input;
  if (fill) return new Uint8Array(fill[1]).fill(parseInt(fill[0], 16));
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));
  return new TextEncoder().encode(ascii);
}
