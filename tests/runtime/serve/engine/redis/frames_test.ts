/** Messages and members, as the scripts write them. */

import { assertEquals } from "@std/assert";
import { encodeMember } from "../../../../../runtime/serve/engine/member_bytes.ts";
import { decodeMember, decodeMessages } from "../../../../../runtime/serve/engine/redis/frames.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const SEVENTH = "p e-1 7 t6 t7 2 10 60000 3 5\nabc\ndata";
const seventh = {
  kind: "publication",
  epoch: "e-1",
  offset: 7,
  previousTag: "t6",
  tag: "t7",
  form: 2,
  historySize: 10,
  historyTtlMs: 60_000,
  fields: bytes("abc"),
  data: bytes("\ndata"),
} as const;

Deno.test("redis frames: a message of each kind", () => {
  assertEquals(decodeMessages(bytes(SEVENTH)), [seventh]);
  assertEquals(decodeMessages(bytes("e e-2\n")), [{ kind: "epoch", epoch: "e-2" }]);
  assertEquals(decodeMessages(bytes("j\n{}")), [{ kind: "join", data: bytes("{}") }]);
  assertEquals(decodeMessages(bytes("l\n")), [{ kind: "leave", data: bytes("") }]);
  assertEquals(decodeMessages(bytes("x\n")), [{ kind: "removed" }]);
});

Deno.test("redis frames: several publications of one call", () => {
  const eighth = "p e-1 8 t7 t8 0 0 0 0 0\n";
  const none = { fields: bytes(""), data: bytes("") };
  const next = {
    offset: 8,
    previousTag: "t7",
    tag: "t8",
    form: 0,
    historySize: 0,
    historyTtlMs: 0,
  };
  const after = { ...seventh, ...next, ...none };
  assertEquals(decodeMessages(bytes(SEVENTH + eighth)), [seventh, after]);
  assertEquals(decodeMessages(bytes(eighth + eighth + SEVENTH)), [after, after, seventh]);
  assertEquals(decodeMessages(bytes(SEVENTH + "x\n")), []);
});

Deno.test("redis frames: every part of a message, and other texts, are no message", () => {
  for (let end = 0; end < SEVENTH.length; end++) {
    assertEquals(decodeMessages(bytes(SEVENTH.slice(0, end))), [], `${end}`);
    const isNothing = end === 0;
    const behind = decodeMessages(bytes(SEVENTH + SEVENTH.slice(0, end)));
    assertEquals(behind, isNothing ? [seventh] : [], `${end} behind another one`);
  }
  const others = ["hello\n", "p e 1 a b 9 1 1 0 0\n", "p e 1 a b 0 1 1 x 0\n", "e\n", "z 1\n"];
  for (const text of [...others, "p e 1 a b 0 1 1 0\n", "p e 1 a b 0 1 1 2 -2\nab"]) {
    assertEquals(decodeMessages(bytes(text)), [], text);
  }
});

Deno.test("redis frames: members, both ways", () => {
  for (const user of ["", "user", "\ufeffuser", "ü|\n7"]) {
    for (const announce of [true, false]) {
      const member = { client: "c|1", user, info: bytes('{"a":1}'), announce };
      const value = encodeMember(member);
      assertEquals(decodeMember("node|c|1", value), { node: "node", ...member });
    }
  }
  assertEquals(decodeMember("nobody", bytes("10\n")), undefined);
  assertEquals(decodeMember("n|c", bytes("1")), undefined);
  assertEquals(decodeMember("n|c", bytes("19\nshort")), undefined);
});
