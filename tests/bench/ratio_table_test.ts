import { assertEquals } from "@std/assert";
import { PEERS } from "./peers/mod.ts";
import { compareTail, OURS, ratiosOf } from "./ratio_table.ts";
import { makeRows } from "./rows.ts";
import type { Summary } from "./statistics.ts";
import { targetOf } from "./targets.ts";

function summary(cpuPerRequest: number, p99: number | null = 100): Summary {
  return {
    cpuPerRequest,
    requestsPerSecond: 1000,
    p50: 50,
    p99,
    rssBytes: 1024,
    errors: 0,
    clientLimited: false,
    spread: 0,
  };
}

Deno.test("a ratio is ours divided by theirs, with a mark if there is a target", () => {
  const summaries = new Map([
    ["async-deno", summary(9)],
    ["async-deno-exe", summary(8)],
    ["nginx", summary(10)],
    ["bun", summary(12)],
    ["node", summary(50)],
  ]);
  assertEquals(ratiosOf({ id: "keep-alive-64" }, summaries, "async-deno"), [
    { peer: "nginx", value: 0.9, target: 0.9, met: true },
    { peer: "bun", value: 0.75, target: 0.7, met: false },
    { peer: "node", value: 0.18, target: undefined, met: undefined },
  ]);
});

Deno.test("without a server of ours there are no ratios", () => {
  assertEquals(ratiosOf({ id: "close" }, new Map([["nginx", summary(10)]]), "async-deno"), []);
  assertEquals(compareTail(new Map([["nginx", summary(10)]]), "async-deno"), undefined);
});

Deno.test("our p99 is compared with the best peer's, not with our other form", () => {
  const summaries = new Map([
    ["async-deno", summary(9, 120)],
    ["async-deno-exe", summary(9, 10)],
    ["nginx", summary(9, 130)],
    ["bun", summary(9, 110)],
    ["deno", summary(9, null)],
  ]);
  assertEquals(compareTail(summaries, "async-deno"), {
    ours: 120,
    best: 110,
    bestPeer: "bun",
    met: false,
  });
});

Deno.test("targets by row", () => {
  const rows = [
    ["keep-alive-64", "nginx", 0.9],
    ["workers-8", "nginx", 0.9],
    ["close", "nginx", 1],
    ["page", "bun-static", 1],
    ["close", "bun", 0.7],
    ["ws-1m", "bun", 1],
    ["post-1k", "deno", 0.65],
    ["ws-16", "deno", 0.6],
    ["ws-depth-16", "node-ws", 0.4],
    ["file-1k", "nginx", 1],
    ["file-100m", "nginx", 1.1],
    ["file-1k", "bun", undefined],
    ["tls-keep-alive", "deno-tls", 0.8],
    ["close", "node", undefined],
  ] as const;
  for (const [id, peer, wanted] of rows) {
    assertEquals(targetOf({ id }, peer), wanted, `${id} ${peer}`);
  }
});

Deno.test("every row is compared with Deno.serve, nginx or Bun, and has a target against some peer", () => {
  for (const row of makeRows(2)) {
    const peers = PEERS.filter(({ id, does }) =>
      !OURS.includes(id) && does[row.work] !== undefined
    );
    const aimed = peers.filter(({ id }) => targetOf(row, id) !== undefined);
    assertEquals(aimed.length >= 1, true, row.id);
  }
});

Deno.test("row ids and peer ids are unique", () => {
  for (const ids of [makeRows(2).map(({ id }) => id), PEERS.map(({ id }) => id)]) {
    assertEquals(new Set(ids).size, ids.length);
  }
});
