import { assertEquals, assertThrows } from "@std/assert";
import { parseDescriptorLimit, processesFor } from "./descriptor_limit.ts";

const LIMITS = (soft: string, hard: string) =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    `Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     `,
    "Max locked memory         8388608              8388608              bytes     ",
  ].join("\n");

Deno.test("parseDescriptorLimit reads the hard limit", () => {
  assertEquals(parseDescriptorLimit(LIMITS("1024", "20000")), 20_000);
  assertEquals(parseDescriptorLimit(LIMITS("1024", "unlimited")), Infinity);
  assertThrows(() => parseDescriptorLimit("Max locked memory  1  1  bytes"), RangeError);
});

Deno.test("processesFor: as many servers as their descriptors take", () => {
  const rows: [connections: number, limit: number, processes: number][] = [
    [19_900, 20_000, 1],
    [19_901, 20_000, 2],
    [200_000, 20_000, 11],
    [200_000, 1_048_576, 1],
    [200_000, Infinity, 1],
  ];
  for (const [connections, limit, processes] of rows) {
    assertEquals(processesFor(connections, limit), processes);
  }
});
