/**
 * Short text has a way of its own: both ways give the same, at all lengths around their thresholds.
 */

import { assertEquals } from "@std/assert";
import { decodeUtf8, encodeUtf8, lentUtf8, utf8Of } from "../../protocol/utf8.ts";

const LENGTHS = Array.from({ length: 80 }, (_, length) => length);
const LETTERS = ["x", "\0", "\x7f", "ü", "€", "\u{1f600}", "\ufeff", "\ud800"];

Deno.test("utf8 text: what TextEncoder and TextDecoder make of it, at every length and place", () => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const into = new Uint8Array(1024);
  for (const length of LENGTHS) {
    for (const letter of LETTERS) {
      for (const place of [0, Math.floor(length / 2), length]) {
        const text = "a".repeat(place) + letter + "b".repeat(length - place);
        const bytes = new TextEncoder().encode(text);
        const count = encodeUtf8(text, into);
        assertEquals(into.subarray(0, count), bytes);
        assertEquals(into.subarray(7, 7 + encodeUtf8(text, into, 7)), bytes);
        assertEquals(utf8Of(text), bytes);
        assertEquals(lentUtf8(text), bytes);
        const surrounded = Uint8Array.of(0xff, ...bytes, 0xff);
        assertEquals(decodeUtf8(surrounded, 1, bytes.length + 1), decoder.decode(bytes));
        assertEquals(decodeUtf8(bytes), decoder.decode(bytes));
      }
    }
  }
});

Deno.test("utf8 text: what is lent is right at every length, and no array that was given is lent", () => {
  const given = utf8Of("news");
  for (let length = 0; length <= 300; length++) {
    for (const text of ["a".repeat(length), "b".repeat(length)]) {
      assertEquals(lentUtf8(text), new TextEncoder().encode(text));
    }
  }
  assertEquals(given, new TextEncoder().encode("news"));
  assertEquals(lentUtf8("chat"), new TextEncoder().encode("chat"));
});
