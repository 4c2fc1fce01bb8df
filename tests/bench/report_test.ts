import { assertEquals } from "@std/assert";
import type { Entry } from "./harness.ts";
import { alignColumns, formatMicros, peerLines, rowLines } from "./report.ts";
import { makeRows } from "./rows.ts";
import { summarize } from "./statistics.ts";

const ROW = makeRows(2)[0]!;

function entry(peer: string, cpuPerRequest: number): Entry {
  const turns = [{
    requests: 1000,
    cpuPerRequest,
    requestsPerSecond: 123456,
    p50: 650,
    p99: 1250,
    rssBytes: 50 * 1024 * 1024,
    errors: 0,
    clientBusiest: 0.5,
    serverBusiest: 0.5,
  }];
  return { peer, label: peer, turns, summary: summarize(turns), failure: undefined };
}

Deno.test("times have about three significant figures", () => {
  const rows = [[9.876, "9.88 µs"], [12.34, "12.3 µs"], [650, "650 µs"], [999.7, "1.00 ms"], [
    12345,
    "12.3 ms",
  ]] as const;
  for (const [micros, text] of rows) assertEquals(formatMicros(micros), text);
  assertEquals(formatMicros(null), "–");
});

Deno.test("columns are as wide as their widest cell", () => {
  assertEquals(alignColumns([["a", "1"], ["long", "100", ""]]), ["a       1", "long  100"]);
});

Deno.test("a row's table shows figures, ratios, targets and marks", () => {
  const entries = [entry("async-deno", 9), entry("nginx", 10), entry("bun", 10)];
  const lines = rowLines({ row: ROW, missing: undefined, entries });
  assertEquals(lines.length, 5);
  assertEquals(
    /nginx .*10\.0 µs .*123,456 .*650 µs .*1\.25 ms .*50 MiB .*0\.90 ≤ 0\.90 ✓$/.test(lines[2]!),
    true,
    lines[2],
  );
  assertEquals(lines[3]!.endsWith("0.90 ≤ 0.70 ✗"), true, lines[3]);
});

Deno.test("a failed server is listed with its reason and has no figures", () => {
  const failed = {
    peer: "bun",
    label: "Bun",
    turns: [],
    summary: undefined,
    failure: "answers 500",
  };
  const lines = rowLines({ row: ROW, missing: undefined, entries: [entry("nginx", 10), failed] });
  assertEquals(lines.at(-1), "  Bun: answers 500");
  assertEquals(lines.length, 3);
});

Deno.test("a missing program is listed with the command that installs it", () => {
  const missing = { missing: "wrk", install: "apt-get install wrk" };
  const lines = rowLines({ row: ROW, missing, entries: [] });
  assertEquals(lines.at(-1), "  missing wrk: apt-get install wrk");
  assertEquals(peerLines([{ peer: "x", found: missing }]), [
    "  x  missing wrk: apt-get install wrk",
  ]);
});
