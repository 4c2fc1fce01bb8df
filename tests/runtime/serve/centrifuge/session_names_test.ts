import { assert, assertEquals } from "@std/assert";
import {
  nodeName,
  readNodeName,
  SessionNames,
} from "../../../../runtime/serve/centrifuge/session_names.ts";
import { TransferRate } from "../../../../runtime/serve/centrifuge/transfer_rate.ts";

Deno.test("session names: every worker of a run knows them, for their node alone", () => {
  const key = new Uint8Array(16).fill(7);
  const [one, other] = [new SessionNames(key), new SessionNames(key.slice())];
  const name = one.make("0");
  assert(other.isNameOn("0", name));
  const wrong = [
    ["1", name],
    ["0", name.slice(0, -1)],
    ["0", `${name}x`],
    ["0", `${name.slice(0, -1)}${name.endsWith("A") ? "Q" : "A"}`],
    ["0", `x${name.slice(1)}`],
    ["0", name.slice(0, 36)],
    ["0", ""],
    ["0", "\u00e9".repeat(59)],
    ["0", new SessionNames(new Uint8Array(16)).make("0")],
  ] as const;
  for (const [node, text] of wrong) assert(!other.isNameOn(node, text), text);
});

Deno.test("session names: a node is a worker, perhaps of another server", () => {
  for (const place of [{ worker: 0, server: "" }, { worker: 127, server: "1z141z3-0" }]) {
    assertEquals(readNodeName(nodeName(place.worker, place.server)), place);
  }
  const none = ["", "a", "1.", ".a", "1000", "-1", "1.A", "1.a b", "1.a\n", `1.${"a".repeat(21)}`];
  for (const node of none) assertEquals(readNodeName(node), undefined, node);
});

Deno.test("transfer rate: bounds each session and all of them, and one long message passes", () => {
  const rate = new TransferRate({ messages: 3, sessionBytes: 100, bytes: 250 });
  const of = (session: string, ...bytes: number[]) =>
    bytes.map((length) => rate.admit(session, length, 0));
  assertEquals(of("a", 1, 1, 1, 1), [true, true, true, false]);
  assertEquals(of("b", 60, 60, 40), [true, false, true]);
  assertEquals(of("c", 120, 1), [true, false]);
  assertEquals(of("d", 90, 10), [false, true]);
  assert(rate.admit("e", 1_000, 1_000));
  assert(!rate.admit("f", 1, 1_999));
});
