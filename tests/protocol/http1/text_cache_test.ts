import { assertEquals } from "@std/assert";
import {
  hashByte,
  StringCache,
  TEXT_BYTES,
  TEXT_SLOTS,
  TextCache,
} from "../../../protocol/http1/text_cache.ts";
import { bytesOf } from "../../support/protocol_cases.ts";

Deno.test("a cached text is found by its bytes at any offset", () => {
  const cache = new TextCache();
  assertEquals(cache.find(bytesOf("GET"), 0, 3, 7), -1);
  const slot = cache.hold(bytesOf("GET"), 0, 3, 7);
  assertEquals(cache.find(bytesOf("..GET.."), 2, 5, 7), slot);
});

Deno.test("an equal hash is not enough", () => {
  const cache = new TextCache();
  cache.hold(bytesOf("GET"), 0, 3, 7);
  for (const text of ["GEX", "XET", "GETS", "GE"]) {
    assertEquals(cache.find(bytesOf(text), 0, text.length, 7), -1, text);
  }
});

Deno.test("a new text replaces the one in its slot, even if it is shorter", () => {
  const cache = new TextCache();
  cache.hold(bytesOf("longer"), 0, 6, 7);
  const slot = cache.hold(bytesOf("lo"), 0, 2, 7);
  assertEquals(cache.find(bytesOf("lo"), 0, 2, 7), slot);
  assertEquals(cache.find(bytesOf("longer"), 0, 6, 7), -1);
});

Deno.test("empty and long texts are not cached", () => {
  const cache = new TextCache();
  const long = bytesOf("a".repeat(TEXT_BYTES + 1));
  assertEquals(cache.hold(long, 0, TEXT_BYTES + 1, 7), -1);
  assertEquals(cache.hold(long, 0, 0, 7), -1);
  assertEquals(cache.find(long, 0, 0, 7), -1);
  const slot = cache.hold(long, 0, TEXT_BYTES, 7);
  assertEquals(cache.find(long, 1, TEXT_BYTES + 1, 7), slot);
});

Deno.test("adjacent slots do not overlap", () => {
  const cache = new TextCache();
  const texts = Array.from({ length: TEXT_SLOTS }, (_, i) => String(i).repeat(TEXT_BYTES / 2));
  texts.forEach((text, i) => cache.hold(bytesOf(text), 0, TEXT_BYTES / 2, i));
  texts.forEach((text, i) => {
    assertEquals(cache.find(bytesOf(text), 0, TEXT_BYTES / 2, i), i);
  });
});

Deno.test("strings are correct whether cached or not", () => {
  const cache = new StringCache();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 300; i++) {
      const text = `/${i}`.padEnd(i, "x");
      const bytes = bytesOf(text);
      assertEquals(cache.read(bytes, 0, bytes.length, bytes.reduce(hashByte, 0)), text);
    }
  }
});
