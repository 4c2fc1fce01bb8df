/** What an app's WebSocket takes along: plain data as it is, and the place of what is none. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeMovedSocket,
  encodeMovedSocket,
} from "../../../../runtime/serve/app/moved_socket.ts";

const REST = {
  remoteAddress: "::1",
  binaryType: "uint8array",
  topics: [{ topic: "é", position: { epoch: "a", offset: 7 } }, { topic: "b", position: null }],
} as const;

function encode(data: unknown): Uint8Array {
  return encodeMovedSocket({ ...REST, data });
}

Deno.test("moved socket: plain data arrives as it is", () => {
  const plain = [
    undefined,
    null,
    '\u{1f600} "',
    -1.5,
    [1, [], { a: [true] }],
    { user: "ann", rooms: ["a"], nothing: null },
    Object.assign(Object.create(null), { a: 1 }),
  ];
  for (const data of plain) {
    const arrived = decodeMovedSocket(encode(data));
    assertEquals(arrived, { ...REST, data: data === plain.at(-1) ? { a: 1 } : data });
  }
  // A member that is undefined is read as that.
  assertEquals(decodeMovedSocket(encode({ a: undefined, b: 1 })).data, { b: 1 });
});

Deno.test("moved socket: what JSON would change is refused, with its place", () => {
  class User {}
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const refused: readonly (readonly [unknown, string])[] = [
    [new Date(), "data is a Date, and cannot be carried"],
    [{ seen: { at: new Date(0) } }, "data.seen.at is a Date"],
    [{ rooms: ["a", new Set()] }, "data.rooms[1] is a Set"],
    [new User(), "data is a User"],
    [{ bytes: new Uint8Array(1) }, "data.bytes is a Uint8Array"],
    [{ run() {} }, "data.run is a function"],
    [[1, undefined], "data[1] is undefined"],
    [{ big: 1n }, "data.big is a bigint"],
    [{ rate: NaN }, "data.rate is NaN"],
    [cyclic, "refers to itself"],
    ["x".repeat(70_000), "70"],
  ];
  for (const [data, text] of refused) assertThrows(() => encode(data), TypeError, text);
});
