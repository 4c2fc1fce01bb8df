/** The JSON scanner: the table of values, and what it must have in common with JSON.parse. */

import { assertEquals } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { INVALID, isJson, JSON_DEPTH, skipValue } from "../../../protocol/json/mod.ts";
import { isParsed, readRows, type Row } from "../../support/json_tables.ts";

interface ValueRow extends Row {
  readonly input: string;
  /** Whether `input` is hexadecimal. */
  readonly hex?: boolean;
  readonly valid: boolean;
}

const UTF8 = new TextEncoder();

/** Whether the bytes between others are JSON: the scanner must not look beyond its range. */
function isJsonBetween(bytes: Uint8Array, before: string, after: string): boolean {
  const all = Uint8Array.of(...UTF8.encode(before), ...bytes, ...UTF8.encode(after));
  const start = before.length;
  return isJson({ bytes: all, start, end: start + bytes.length, depth: JSON_DEPTH });
}

for (const { name, spec, input, hex, valid } of readRows<ValueRow>("json/values")) {
  Deno.test(`JSON value: ${name}`, () => {
    const bytes = hex === true ? decodeHex(input) : UTF8.encode(input);
    assertEquals(isJsonBetween(bytes, "", ""), valid, spec);
    for (const [before, after] of [["[", "]"], ['"', '"'], ["1", "1"], ["{", "1e5"]] as const) {
      assertEquals(isJsonBetween(bytes, before, after), valid, `between ${before} and ${after}`);
    }
    assertEquals(isParsed(bytes), valid, "JSON.parse says the opposite");
  });
}

Deno.test("JSON value: the scanner stops at every length as JSON.parse does", () => {
  const whole = UTF8.encode('{"a":[1,-2.5e+3,"\\u00e9é😀\\\\",true,false,null,{}],"b" : ""}');
  for (let length = 0; length <= whole.length; length++) {
    const piece = whole.subarray(0, length);
    assertEquals(isJsonBetween(piece, "", "0"), length === whole.length, `${length} bytes`);
  }
});

Deno.test("JSON value: the depth is a limit, whatever the nesting is made of", () => {
  const skip = (text: string, depth: number) =>
    skipValue(UTF8.encode(text), 0, UTF8.encode(text).length, depth);
  assertEquals([skip("1", 0), skip("[]", 0), skip("[]", 1), skip("[[]]", 1)], [
    1,
    INVALID,
    2,
    INVALID,
  ]);
  assertEquals(skip('{"a":[{}]}', 2), INVALID);
  assertEquals(skip('{"a":[{}]}', 3), 10);
  // A million brackets cost no more calls than the limit has.
  assertEquals(skip("[".repeat(1_000_000), JSON_DEPTH), INVALID);
});
