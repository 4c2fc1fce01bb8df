import { assertEquals } from "@std/assert";
import type { Entry, RowResult } from "./harness.ts";
import { figuresTable, targetsTable } from "./markdown_table.ts";
import { measuredEntry } from "./measured_entry.ts";
import { makeRows } from "./rows.ts";

function result(id: string, entries: Entry[]): RowResult {
  return { row: makeRows(2).find((row) => row.id === id)!, entries, missing: undefined };
}

const RESULTS = [
  result("keep-alive-64", [
    measuredEntry("async-deno-exe", 9),
    measuredEntry("nginx", 10),
    measuredEntry("deno", 20),
  ]),
  result("rate-tls-keep-alive", [measuredEntry("async-deno-exe", 9), measuredEntry("deno-tls", 6)]),
];

Deno.test("the table of figures has a line for each row and a column for each server", () => {
  assertEquals(figuresTable(RESULTS), [
    "| CPU per request, p99 (half rate: and p99.9) | async-deno-exe | nginx | deno |",
    "| --- | --- | --- | --- |",
    "| small answer, keep-alive, 64 connections | 9.00 µs, 1.25 ms | 10.0 µs, 1.25 ms | 20.0 µs, 1.25 ms |",
    "| small answer, TLS, keep-alive, 64 connections, half rate | 9.00 µs, 1.25 ms, 2.50 ms |  | 6.00 µs, 1.25 ms, 2.50 ms |",
  ]);
});

Deno.test("the table of targets has a line for each peer with a target", () => {
  assertEquals(targetsTable(RESULTS).slice(2), [
    "| small answer, keep-alive, 64 connections | async-deno-exe | nginx | 0.90 ≤ 0.95 ✓ | 1.00 ≤ 1.00 ✓ |  |  |  |",
    "| small answer, keep-alive, 64 connections | async-deno-exe | deno | 0.45 ≤ 0.75 ✓ | 1.00 |  |  |  |",
    "| small answer, TLS, keep-alive, 64 connections, half rate | async-deno-exe | deno-tls | 1.50 ≤ 1.00 ✗ | 1.00 ≤ 1.00 ✓ | 1.00 ≤ 1.00 ✓ |  |  |",
  ]);
});
