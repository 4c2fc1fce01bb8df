/** The growth check: constant size passes, a slow leak fails, and a single peak is not a leak. */

import { assertEquals, assertThrows } from "@std/assert";
import { checkGrowth, type Sample } from "./samples.ts";

const MEBIBYTE = 1024 * 1024;
const MINUTES = 120;

function judged(at: (second: number) => Partial<Sample>): boolean[] {
  const flat: Sample = { resident: 100 * MEBIBYTE, descriptors: 60, threads: 12 };
  const samples = Array.from({ length: MINUTES }, (_, second) => ({ ...flat, ...at(second) }));
  return checkGrowth(samples).map(({ passed }) => passed);
}

Deno.test("soak: constant size passes, and so do peaks and growth in the first quarter", () => {
  assertEquals(judged(() => ({})), [true, true, true]);
  assertEquals(judged((i) => i % 10 === 0 ? { resident: 900 * MEBIBYTE } : {}), [true, true, true]);
  assertEquals(judged((i) => ({ descriptors: i < 30 ? i : 60 })), [true, true, true]);
});

Deno.test("soak: growth fails, for each measure separately", () => {
  assertEquals(judged((i) => ({ resident: (100 + i) * MEBIBYTE })), [false, true, true]);
  assertEquals(judged((i) => ({ descriptors: 60 + i })), [true, false, true]);
  assertEquals(judged((i) => ({ threads: 12 + (i >> 4) })), [true, true, false]);
  assertThrows(() => checkGrowth([]), RangeError);
});
