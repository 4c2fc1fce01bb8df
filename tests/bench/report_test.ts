import { assertEquals, assertMatch } from "@std/assert";
import { alignColumns, formatMicros, formatRate, peerLines, rowLines } from "./report.ts";
import { measuredEntry } from "./measured_entry.ts";
import { makeEngineRows } from "./engine_rows.ts";
import { makeChannelRows, makeRows } from "./rows.ts";

const ROW = makeRows(2)[0]!;

Deno.test("times have about three significant figures", () => {
  const rows = [[9.876, "9.88 µs"], [12.34, "12.3 µs"], [650, "650 µs"], [999.7, "1.00 ms"], [
    12345,
    "12.3 ms",
  ]] as const;
  for (const [micros, text] of rows) assertEquals(formatMicros(micros), text);
  assertEquals(formatMicros(null), "–");
});

Deno.test("a low rate has a decimal", () => {
  assertEquals([9.26, 99.96, 84614.8].map(formatRate), ["9.3", "100", "84,615"]);
});

Deno.test("columns are as wide as their widest cell", () => {
  assertEquals(alignColumns([["a", "1"], ["long", "100", ""]]), ["a       1", "long  100"]);
});

Deno.test("a row's table shows figures, ratios, targets and marks", () => {
  const entries = [
    measuredEntry("async-deno", 9),
    measuredEntry("nginx", 10),
    measuredEntry("bun", 10),
  ];
  const lines = rowLines({ row: ROW, missing: undefined, entries });
  assertEquals(lines.length, 5);
  assertMatch(
    lines[2]!,
    /nginx .*10\.0 µs .*123,456 .*650 µs .*1\.25 ms .*50 MiB .*0\.90 ≤ 0\.95 ✓ .*1\.00 ≤ 1\.00 ✓$/,
  );
  assertMatch(lines[3]!, /0\.90 ≤ 0\.70 ✗ +1\.00$/);
});

Deno.test("a row at half rate shows p99.9, the rate and the client's lateness", () => {
  const row = makeRows(2).find(({ id }) => id === "rate-keep-alive-64")!;
  const lines = rowLines({
    row,
    missing: undefined,
    entries: [measuredEntry("nginx", 10)],
    rate: 12345,
  });
  assertMatch(lines[0]!, /p50 +p99 +p99\.9 +RSS/);
  assertMatch(lines[1]!, /1\.25 ms +2\.50 ms +50 MiB/);
  assertEquals(
    lines[2],
    "  12,345 a second for each server; the client was at most 20.0 µs late (p99), 50 % busy",
  );
});

Deno.test("a row with subscribers shows the bytes that they receive", () => {
  const row = makeChannelRows(2).find(({ id }) => id === "fan-out-deflate-1k-1000-16")!;
  const ours = measuredEntry("async-deno", 9);
  const plain = measuredEntry("async-deno-plain", 9);
  const lines = rowLines({
    row,
    missing: undefined,
    entries: [
      { ...ours, summary: { ...ours.summary!, wireBytes: 350 } },
      { ...plain, summary: { ...plain.summary!, wireBytes: 1000 } },
    ],
  });
  assertMatch(lines[0]!, /p99 +wire +RSS/);
  assertMatch(lines[2]!, /1000 B .*0\.35 ≤ 0\.40 ✓$/);
});

Deno.test("a row with an engine shows what that costs, and is compared with the client library", () => {
  const row = makeEngineRows(1).find(({ id }) => id === "redis-publish")!;
  const ours = measuredEntry("async-deno-exe", 90);
  const library = measuredEntry("library", 30);
  const engine = { publisherCpu: 90, engineCpu: 12.34, together: 21.5 };
  const summary = { ...ours.summary!, requestsPerSecond: 90_000, engine };
  const lines = rowLines({ row, missing: undefined, entries: [{ ...ours, summary }, library] });
  assertEquals(lines.length, 3);
  assertMatch(lines[0]!, /RSS +engine +in a call +async-deno-exe to it +p99 +per second$/);
  assertMatch(lines[1]!, /90,000 .* 12\.3 µs +21\.5$/);
  assertMatch(lines[2]!, /3\.00 +1\.00 +0\.73 ≥ 0\.70 ✓$/);
});

Deno.test("a client that was late, and sessions that were not resumed, are noted", () => {
  const late = measuredEntry("nginx", 10);
  const summary = { ...late.summary!, late: 700, resumed: 0.24 };
  const lines = rowLines({ row: ROW, missing: undefined, entries: [{ ...late, summary }] });
  assertEquals(lines.slice(2), [
    "  nginx: the client was late: its latencies are partly the client's",
    "  nginx: only 24 % of the sessions were resumed",
  ]);
});

Deno.test("a failed server is listed with its reason and has no figures", () => {
  const failed = {
    peer: "bun",
    label: "Bun",
    turns: [],
    summary: undefined,
    failure: "answers 500",
  };
  const lines = rowLines({
    row: ROW,
    missing: undefined,
    entries: [measuredEntry("nginx", 10), failed],
  });
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
