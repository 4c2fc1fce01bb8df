import { assertEquals, assertThrows } from "@std/assert";
import { HeaderList } from "../../../protocol/http1/mod.ts";
import { bytesOf } from "../../support/protocol_cases.ts";

/** A list of `name:value` rows, as the parser makes it. */
function listOf(...rows: string[]): HeaderList {
  const list = new HeaderList();
  list.reset(bytesOf(rows.join("")));
  let at = 0;
  for (const row of rows) {
    const colon = at + row.indexOf(":");
    list.add(at, colon, colon + 1, at + row.length);
    at += row.length;
  }
  return list;
}

Deno.test("names and values by index, in order", () => {
  const list = listOf("A:1", "b:", "A:3");
  assertEquals(list.length, 3);
  assertEquals([list.name(0), list.value(0)], ["A", "1"]);
  assertEquals([list.name(1), list.value(1)], ["b", ""]);
  assertEquals([...list], [["A", "1"], ["b", ""], ["A", "3"]]);
});

Deno.test("names are case-insensitive, and only whole names match", () => {
  const list = listOf("Content-TYPE:a", "content:b");
  assertEquals(list.get("content-type"), "a");
  assertEquals(list.get("content"), "b");
  assertEquals(list.get("content-typ"), undefined);
  assertEquals(list.has("content"), true);
  assertEquals(list.has("content-types"), false);
});

Deno.test("lines with one name are joined in order", () => {
  assertEquals(listOf("a:1", "b:2", "A:3", "a:").get("a"), "1, 3, ");
  assertEquals(
    listOf("cookie:a=1", "b:2", "Cookie:b=2,3", "COOKIE:c").get("cookie"),
    "a=1; b=2,3; c",
  );
});

Deno.test("a secret is held by the one field of that name, with all of its bytes", () => {
  const secret = bytesOf("key-\xe9");
  assertEquals(listOf("a:key-", "X-Key:key-\xe9").holds("x-key", secret), true);
  const others = [
    "x-key:key-\xe8",
    "x-key:Key-\xe9",
    "x-key:key-",
    "x-key:key-\xe9x",
    "x-key:",
    "y:key-\xe9",
  ];
  for (const other of others) assertEquals(listOf(other).holds("x-key", secret), false, other);
  // Two lines are one value, which is another one.
  assertEquals(listOf("x-key:key-\xe9", "X-KEY:key-\xe9").holds("x-key", secret), false);
  assertEquals(listOf("x-key:").holds("x-key", bytesOf("")), true);
});

Deno.test("an index beyond the list is a RangeError", () => {
  const list = listOf("a:1");
  for (const index of [-1, 1, NaN]) {
    assertThrows(() => list.name(index), RangeError);
    assertThrows(() => list.value(index), RangeError);
  }
});

Deno.test("a list grows, and is empty after a reset", () => {
  const rows = Array.from({ length: 200 }, (_, i) => `n${i}:${i}`);
  const list = listOf(...rows);
  assertEquals([...list].map(([name, value]) => `${name}:${value}`), rows);
  list.reset(bytesOf(""));
  assertEquals(list.length, 0);
  assertEquals(list.has("n1"), false);
});

Deno.test("a copy refers to other bytes and can grow", () => {
  const list = new HeaderList();
  list.reset(bytesOf("....a:1"));
  list.add(4, 5, 6, 7);
  const copy = new HeaderList();
  copy.take(list, bytesOf("a:2b:3"), 4);
  list.reset(bytesOf(""));
  for (let i = 0; i < 3; i++) copy.add(3, 4, 5, 6);
  assertEquals([...copy], [["a", "2"], ["b", "3"], ["b", "3"], ["b", "3"]]);
});
