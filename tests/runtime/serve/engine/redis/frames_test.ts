/** Messages and members, as the scripts write them. */

import { assertEquals } from "@std/assert";
import { encodeMember } from "../../../../../runtime/serve/engine/member_bytes.ts";
import { decodeMember, decodeMessage } from "../../../../../runtime/serve/engine/redis/frames.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("redis frames: a message of each kind", () => {
  assertEquals(decodeMessage(bytes("p e-1 7 t6 t7 2 10 60000 3\nabc\ndata")), {
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
  });
  assertEquals(decodeMessage(bytes("e e-2\n")), { kind: "epoch", epoch: "e-2" });
  assertEquals(decodeMessage(bytes("j\n{}")), { kind: "join", data: bytes("{}") });
  assertEquals(decodeMessage(bytes("l\n")), { kind: "leave", data: bytes("") });
  assertEquals(decodeMessage(bytes("x\n")), { kind: "removed" });
});

Deno.test("redis frames: every part of a message, and other texts, are no message", () => {
  const head = "p e-1 7 t6 t7 2 10 60000 3\n";
  for (let end = 0; end < head.length + 3; end++) {
    assertEquals(decodeMessage(bytes(`${head}abc`.slice(0, end))), undefined, `${end}`);
  }
  for (const text of ["hello\n", "p e 1 a b 9 1 1 0\n", "p e 1 a b 0 1 1 x\n", "e\n", "z 1\n"]) {
    assertEquals(decodeMessage(bytes(text)), undefined, text);
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
