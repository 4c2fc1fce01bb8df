import { assertEquals } from "@std/assert";
import {
  formatSize,
  formatTime,
  parseSize,
  parseTime,
} from "../../../../runtime/cli/options/quantity.ts";

type Row = readonly [text: string, value: number | undefined];

const KIB = 1024;

const SIZES: readonly Row[] = [
  ["0", 0],
  ["512", 512],
  ["00512", 512],
  ["1b", 1],
  ["64k", 64 * KIB],
  ["64K", 64 * KIB],
  ["64KiB", 64 * KIB],
  ["64kib", 64 * KIB],
  ["64KB", 64_000],
  ["16m", 16 * KIB ** 2],
  ["16 MiB", 16 * KIB ** 2],
  ["1.5GiB", 1.5 * KIB ** 3],
  ["1.5g", 1.5 * KIB ** 3],
  ["2GB", 2e9],
  ["1t", KIB ** 4],
  ["0.1k", 102],
  // Beyond every range, and so refused by it.
  ["99999999999999999999t", 99999999999999999999 * KIB ** 4],
  ["9".repeat(400), Infinity],
  ...["1.5", "1.5b", ".5k", "1.k", "-1", "+1", "-1m", "1e3", "0x10", "1_000", "1,5m"]
    .map((text): Row => [text, undefined]),
  ...[
    "",
    " ",
    "m",
    "1 ",
    " 1",
    "1  m",
    "1mm",
    "1x",
    "1s",
    "1kbit",
    "16m b",
    "1/2",
    "NaN",
    "Infinity",
  ]
    .map((text): Row => [text, undefined]),
];

const TIMES: readonly Row[] = [
  ["0", 0],
  ["10", 10_000],
  ["2.5", 2_500],
  ["0.1", 100],
  ["500ms", 500],
  ["10s", 10_000],
  ["1.5s", 1_500],
  ["5m", 300_000],
  ["5min", 300_000],
  ["5 min", 300_000],
  ["1h", 3_600_000],
  ["0.5H", 1_800_000],
  ["1d", 86_400_000],
  ["9".repeat(400), Infinity],
  ...["", "1.5ms", "-1", "-1s", "+1", "1e3", "1w", "1y", "1k", "1h30m", "1:30", ".5", "5.", "s"]
    .map((text): Row => [text, undefined]),
];

Deno.test("quantity: sizes, with and without a unit", () => {
  for (const [text, bytes] of SIZES) assertEquals(parseSize(text), bytes, JSON.stringify(text));
});

Deno.test("quantity: times, with and without a unit", () => {
  for (const [text, value] of TIMES) assertEquals(parseTime(text), value, JSON.stringify(text));
});

Deno.test("quantity: a shown size is exact, and reads as the same", () => {
  const rows: [number, string][] = [
    [0, "0"],
    [1, "1"],
    [1000, "1000"],
    [1024, "1KiB"],
    [1025, "1025"],
    [64 * KIB ** 2, "64MiB"],
    [1.5 * KIB ** 3, "1536MiB"],
    [KIB ** 4, "1TiB"],
  ];
  for (const [bytes, text] of rows) {
    assertEquals([formatSize(bytes), parseSize(text)], [text, bytes]);
  }
});

Deno.test("quantity: a shown time is exact, and reads as the same", () => {
  const rows: [number, string][] = [
    [0, "0"],
    [1, "1ms"],
    [1500, "1500ms"],
    [60_000, "60s"],
    [3_600_000, "1h"],
    [86_400_000, "1d"],
  ];
  for (const [value, text] of rows) {
    assertEquals([formatTime(value), parseTime(text)], [text, value]);
  }
});
