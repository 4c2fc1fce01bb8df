/** Decoding by shapes: types, unknown fields, fields that appear twice, and the place of an error. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeShape,
  flag,
  JSON_DEPTH,
  JsonError,
  raw,
  readInteger,
  readList,
  readMap,
  readNumber,
  readObject,
  readSeconds,
  readText,
  type Shape,
  text,
  unsigned,
} from "../../../protocol/json/mod.ts";
import { withoutBytes } from "../../support/json_tables.ts";

function decode<S extends Shape>(json: string, shape: S) {
  const bytes = new TextEncoder().encode(json);
  return withoutBytes(
    decodeShape({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH }, shape),
  );
}

const SHAPE = {
  name: text("name"),
  isOn: flag("is_on"),
  count: unsigned("count", 10),
  data: raw("data"),
  list: { wire: "list", read: readList(readInteger(-1, 1)) },
  map: { wire: "map", read: readMap(readText) },
  date: { wire: "date", read: readSeconds },
  inner: { wire: "inner", read: readObject({ at: { wire: "at", read: readNumber(-1e9, 1e9) } }) },
} as const;

Deno.test("JSON shape: every type", () => {
  const json = '{"name":"n","is_on":true,"count":10,"data":{"a": 1.0},"list":[-1, 0],' +
    '"map":{"a":"b","__proto__":"c"},"inner":{"at":1.5e1},"other":[]}';
  const map = Object.fromEntries([["a", "b"], ["__proto__", "c"]]);
  assertEquals(decode(json, SHAPE), {
    name: "n",
    isOn: true,
    count: 10,
    data: 'json:{"a": 1.0}',
    list: [-1, 0],
    map,
    inner: { at: 15 },
  });
  assertEquals(decode("{}", SHAPE), {});
});

Deno.test("JSON shape: null is no value, except as a payload", () => {
  const json = '{"name":null,"is_on":null,"count":null,"data":null,"list":null,"inner":null}';
  assertEquals(decode(json, SHAPE), { data: "json:null" });
});

Deno.test("JSON shape: names of Object.prototype are unknown fields", () => {
  assertEquals(decode('{"toString":1,"constructor":{},"__proto__":{"name":"n"}}', SHAPE), {});
});

Deno.test("JSON shape: wrong types are refused, with their place", () => {
  const rows: [string, number][] = [
    ['{"name":1}', 8],
    ['{"is_on":"true"}', 9],
    ['{"count":11}', 9],
    ['{"count":1.0}', 9],
    ['{"count":-0}', -1],
    ['{"list":{}}', 8],
    ['{"list":[2]}', 9],
    ['{"list":[null]}', 9],
    ['{"map":{"a":1}}', 12],
    ['{"map":{"a":"b","a":"b"}}', 20],
    ['{"inner":{"at":"1"}}', 15],
    ['{"inner":{"at":1e999}}', 15],
    ['{"date":1700000000000000000}', 8],
    ['{"date":1700000000000}', 8],
    ['{"date":-1}', 8],
    ['{"date":0.5}', -1],
    ['{"inner":[]}', 9],
    ['{"name":"a","name":"a"}', 19],
    ['{"name":"a"} {}', 13],
    ["[]", 0],
    ["1", 0],
    ["", 0],
  ];
  for (const [json, offset] of rows) {
    if (offset < 0) decode(json, SHAPE);
    else assertEquals(assertThrows(() => decode(json, SHAPE), JsonError).offset, offset, json);
  }
});

Deno.test("JSON shape: a name is the text that it stands for, however it is written", () => {
  const nameOf = (json: string) => (decode(json, SHAPE) as { readonly name?: unknown }).name;
  assertEquals(nameOf('{"n\\u0061me" : "a"}'), "a");
  assertEquals(nameOf('{"nam" : "b", "names": "c", "näme": "d"}'), undefined);
  const twice = () => decode('{"name":"a","n\\u0061me":"b"}', SHAPE);
  assertEquals(assertThrows(twice, JsonError).offset, 24);
  // Half of a surrogate pair, in a name that is not known.
  assertThrows(() => decode('{"\\ud800":1}', SHAPE), JsonError);
});
