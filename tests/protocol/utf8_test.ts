/**
 * Short text has a way of its own: both ways give the same, at all lengths around their thresholds.
 */

import { assertEquals } from "@std/assert";
import { decodeUtf8, encodeUtf8, utf8Of } from "../../protocol/utf8.ts";

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
        const surrounded = Uint8Array.of(0xff, ...bytes, 0xff);
        assertEquals(decodeUtf8(surrounded, 1, bytes.length + 1), decoder.decode(bytes));
        assertEquals(decodeUtf8(bytes), decoder.decode(bytes));
      }
    }
  }
});
