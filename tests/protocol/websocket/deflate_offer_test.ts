/** Runs the table of offers of permessage-deflate and what is answered. */

import { assertEquals } from "@std/assert";
import { acceptDeflate, type DeflateAgreement } from "../../../protocol/websocket/mod.ts";

interface Row {
  name: string;
  spec: string;
  input: string | null;
  expect: DeflateAgreement | null;
}

const url = new URL("../../../fixtures/websocket/deflate_offers.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`websocket deflate offer: ${row.name}`, () => {
    assertEquals(acceptDeflate(row.input ?? undefined) ?? null, row.expect, row.spec);
  });
}

Deno.test("websocket deflate offer: a long field is judged in linear time", () => {
  const lengths = [1_000, 32_000];
  for (const text of ['"', "\\", '"\\', "a;", ";", "a=", "a,", '",', " ", "\t;", 'a="b'] as const) {
    for (const length of lengths) {
      const field = `permessage-deflate; ${text.repeat(length / text.length)}`;
      assertEquals(acceptDeflate(field), undefined);
    }
  }
});
