import { assertEquals } from "@std/assert";
import { PEERS } from "./peers/mod.ts";
import { compareTail, comparisonsOf, isRival } from "./ratio_table.ts";
import { asCold, asPaced, makeRows } from "./rows.ts";
import type { Summary } from "./statistics.ts";
import { targetOf } from "./targets.ts";

function summary(cpuPerRequest: number, p99: number | null = null): Summary {
  return {
    cpuPerRequest,
    requestsPerSecond: 1000,
    p50: 50,
    p99,
    p999: p99 === null ? null : 2 * p99,
    late: null,
    resumed: null,
    wireBytes: null,
    rssBytes: 1024,
    errors: 0,
    clientBusiest: 0.5,
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
  const none = { p99: undefined, p999: undefined, wireBytes: undefined };
  assertEquals(comparisonsOf({ id: "keep-alive-512" }, summaries, "async-deno"), [
    { peer: "nginx", cpu: { value: 0.9, target: 0.9, met: true }, ...none },
    { peer: "bun", cpu: { value: 0.75, target: 0.7, met: false }, ...none },
    { peer: "node", cpu: { value: 0.18, target: undefined, met: undefined }, ...none },
  ]);
});

Deno.test("latencies have targets of their own", () => {
  const summaries = new Map([
    ["async-deno-exe", summary(9, 90)],
    ["nginx", summary(10, 60)],
    ["c-loop", summary(10, 60)],
  ]);
  const cold = comparisonsOf({ id: "cold-keep-alive-64" }, summaries, "async-deno-exe");
  assertEquals(cold[0]!.p99, { value: 1.5, target: 1.5, met: true });
  const [nginx, loop] = comparisonsOf({ id: "rate-keep-alive-64" }, summaries, "async-deno-exe");
  assertEquals(nginx!.p999, { value: 1.5, target: 1, met: false });
  assertEquals([loop!.cpu.target, loop!.p99!.target], [undefined, undefined]);
});

Deno.test("without a server of ours there are no ratios", () => {
  assertEquals(comparisonsOf({ id: "close" }, new Map([["nginx", summary(10)]]), "async-deno"), []);
  assertEquals(compareTail(new Map([["nginx", summary(10)]]), "async-deno"), undefined);
});

Deno.test("our p99 is compared with the best peer's, not with our other form", () => {
  const summaries = new Map([
    ["async-deno", summary(9, 120)],
    ["async-deno-exe", summary(9, 10)],
    ["nginx", summary(9, 130)],
    ["bun", summary(9, 110)],
    ["c-loop", summary(9, 20)],
    ["before", summary(9, 30)],
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
    ["keep-alive-64", "nginx", 0.95],
    ["keep-alive-64", "c-loop", 1.08],
    ["keep-alive-64", "deno", 0.75],
    ["keep-alive-512", "c-loop", undefined],
    ["workers-8", "nginx", 0.9],
    ["close", "nginx", 0.95],
    ["cold-keep-alive-64", "nginx", 1.15],
    ["crowded", "nginx", 1],
    ["access-log", "nginx-buffered", 0.95],
    ["rate-tls-keep-alive", "deno-tls", 1],
    ["tls-resumed", "nginx", 1.25],
    ["tls-file-100k", "nginx", 0.75],
    ["ws-16", "bun", 0.95],
    ["keep-alive-64", "before", 1.03],
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
    ["fan-out-deflate-1k-1000-16", "async-deno-plain", 1.1],
    ["fan-out-deflate-1k-1000-one", "bun", 0.3],
    ["fan-out-1k-1000-one", "bun", 0.6],
  ] as const;
  for (const [id, peer, wanted] of rows) {
    assertEquals(targetOf({ id }, peer)?.cpu, wanted, `${id} ${peer}`);
  }
});

Deno.test("subscribers that negotiate compression or deltas have targets for their bytes", () => {
  const wireBytes = (id: string) => targetOf({ id }, "async-deno-plain")?.wireBytes;
  assertEquals(wireBytes("fan-out-deflate-1k-1000-one"), 0.4);
  assertEquals(wireBytes("fan-out-delta-8k-1000-one"), 0.05);
  const summaries = new Map([
    ["async-deno", { ...summary(9), wireBytes: 350 }],
    ["async-deno-plain", { ...summary(9), wireBytes: 1000 }],
  ]);
  const [plain] = comparisonsOf({ id: "fan-out-deflate-1k-1000-one" }, summaries, "async-deno");
  assertEquals(plain!.wireBytes, { value: 0.35, target: 0.4, met: true });
  assertEquals(isRival("async-deno-plain"), false);
});

Deno.test("every row is compared with Deno.serve, nginx or Bun, and has a target against some peer", () => {
  for (const row of makeRows(2)) {
    const peers = PEERS.filter(({ id, does }) => isRival(id) && does[row.work] !== undefined);
    const aimed = peers.filter(({ id }) => targetOf(row, id) !== undefined);
    assertEquals(aimed.length >= 1, true, row.id);
  }
});

Deno.test("row ids and peer ids are unique", () => {
  const rows = makeRows(2);
  const both = [...rows.map(asCold), ...rows.map(asPaced)];
  for (
    const ids of [
      rows.map(({ id }) => id),
      both.map(({ id }) => id),
      PEERS.map(({ id }) => id),
    ]
  ) {
    assertEquals(new Set(ids).size, ids.length);
  }
});
