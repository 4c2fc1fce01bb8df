import { assertEquals } from "@std/assert";
import {
  charClass,
  DIGIT,
  equalsLower,
  equalsLowerText,
  FIELD_TEXT,
  HEX_VALUE,
  isBlank,
  latin1,
  latin1Bytes,
  LOWER,
  NOT_HEX,
  TOKEN,
} from "../../protocol/ascii.ts";

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte);

/** Checks that the members of a class are the characters that `expression` matches. */
function assertMembers(table: Uint8Array, expression: RegExp): void {
  assertEquals(table.length, 256);
  for (const byte of ALL_BYTES) {
    const expected = expression.test(String.fromCharCode(byte)) ? 1 : 0;
    assertEquals(table[byte], expected, `0x${byte.toString(16)}`);
  }
}

Deno.test("classes have exactly the members of their ABNF", () => {
  assertMembers(TOKEN, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/);
  assertMembers(FIELD_TEXT, /^[\t\x20-\x7e\x80-\xff]$/);
  assertMembers(DIGIT, /^[0-9]$/);
  assertMembers(charClass({}), /^(?!)/);
  assertMembers(charClass({ chars: "\u00ff\0", ranges: [[0x41, 0x41]] }), /^[\0A\xff]$/);
  assertMembers(Uint8Array.from(ALL_BYTES, (byte) => isBlank(byte) ? 1 : 0), /^[ \t]$/);
});

Deno.test("hex digits have their values in upper and lower case", () => {
  for (const byte of ALL_BYTES) {
    const char = String.fromCharCode(byte);
    const expected = /[0-9a-fA-F]/.test(char) ? parseInt(char, 16) : NOT_HEX;
    assertEquals(HEX_VALUE[byte], expected, char);
  }
});

Deno.test("the lower-case table changes only the letters A to Z", () => {
  for (const byte of ALL_BYTES) {
    const char = String.fromCharCode(byte);
    const expected = /[A-Z]/.test(char) ? char.toLowerCase() : char;
    assertEquals(String.fromCharCode(LOWER[byte]!), expected);
  }
});

Deno.test("latin1 gives one code unit per byte, at every length around its piece size", () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 256);
  const short = Array.from({ length: 70 }, (_, length) => length);
  for (const length of [...short, 255, 2047, 2048, 2049, 4095, 4096, 4097, 4999]) {
    const text = latin1(bytes, 1, 1 + length);
    assertEquals(text.length, length);
    assertEquals(latin1Bytes(text), bytes.slice(1, 1 + length));
  }
  assertEquals(latin1(bytes, 65, 68), "ABC");
  assertEquals(latin1(bytes, 97, 100), "abc");
  assertEquals(latin1(bytes.subarray(0, 67), 65, 70), "AB");
});

Deno.test("case-insensitive comparison: equal, different, shorter, longer, beyond the end", () => {
  const bytes = latin1Bytes("..Keep-ALIVE@[`{");
  for (
    const compare of [
      (start: number, end: number, text: string) =>
        equalsLower(bytes, start, end, latin1Bytes(text)),
      (start: number, end: number, text: string) => equalsLowerText(bytes, start, end, text),
    ]
  ) {
    assertEquals(compare(2, 12, "keep-alive"), true);
    assertEquals(compare(2, 12, "keep_alive"), false);
    assertEquals(compare(2, 11, "keep-alive"), false);
    assertEquals(compare(2, 13, "keep-alive"), false);
    assertEquals(compare(12, 16, "@[`{"), true);
    assertEquals(compare(12, 14, "`{"), false);
    assertEquals(compare(14, 20, "`{\0\0\0\0"), false);
    assertEquals(compare(2, 2, ""), true);
  }
});
