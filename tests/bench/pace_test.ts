import { assertEquals } from "@std/assert";
import { estimateSeconds } from "./duration.ts";
import { parseOptions } from "./options.ts";
import { pacedRate } from "./pace.ts";
import { PEERS } from "./peers/mod.ts";
import { asCold, asPaced, makeRows } from "./rows.ts";

Deno.test("the rate is half of the best peer's, whatever async-deno and the loop in C reach", () => {
  const saturation = new Map([["async-deno", 90], ["c-loop", 120], ["nginx", 80], ["bun", 60]]);
  assertEquals(pacedRate(saturation), 40);
});

Deno.test("without a peer the rate is half of ours, without a server there is none", () => {
  assertEquals(pacedRate(new Map([["async-deno-exe", 90], ["before", 80]])), 45);
  assertEquals(pacedRate(new Map()), undefined);
});

Deno.test("a run of all rows takes less than an hour", () => {
  const minutes = estimateSeconds(makeRows(2), PEERS, parseOptions([], [])) / 60;
  assertEquals(minutes < 60, true, `${minutes} minutes`);
});

Deno.test("the estimate counts only peers that can do the row, and cold rows without a warm-up", () => {
  const options = parseOptions(["--rounds", "2", "--seconds", "3", "--warmup", "10"], []);
  const row = makeRows(2)[0]!;
  const peers = [{ does: { small: "x" } }, { does: { file: "y" } }];
  assertEquals(estimateSeconds([asCold(row)], peers, options), 2 * (1 + 3.3));
  assertEquals(estimateSeconds([row], peers, options), 1 + 10.3 + 2 * 3.3);
  assertEquals(estimateSeconds([asPaced(row)], peers, options), 1 + 10.3 + 3.3 + 2 * 3.3);
});
