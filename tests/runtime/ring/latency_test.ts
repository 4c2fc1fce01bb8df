/** The latency buckets: every value is in the bucket that Prometheus would choose. */

import { assert, assertEquals } from "@std/assert";
import { COLUMN, Counters, HISTOGRAM } from "../../../runtime/ring/counters.ts";
import { bucketOf, LATENCY_BOUNDS, LATENCY_BUCKETS } from "../../../runtime/ring/latency.ts";
import { COUNTER_COLUMNS, NAMED_COLUMNS } from "../../../runtime/ring/layout.ts";

/** Reference implementation: the first bound that is not below. */
function expected(microseconds: number): number {
  const found = LATENCY_BOUNDS.findIndex((bound) => microseconds <= bound);
  return found < 0 ? LATENCY_BOUNDS.length : found;
}

Deno.test("latency: bounds ascend, none by more than half of the previous one", () => {
  for (let i = 1; i < LATENCY_BOUNDS.length; i++) {
    const [before, bound] = [LATENCY_BOUNDS[i - 1]!, LATENCY_BOUNDS[i]!];
    assert(bound > before && Number.isInteger(bound), `${before} ${bound}`);
    assert(bound <= 2 * before && (bound < 10 || bound <= 1.34 * before), `${before} ${bound}`);
  }
});

Deno.test("latency: each bound and its neighbours are in their buckets", () => {
  for (const [i, bound] of LATENCY_BOUNDS.entries()) {
    assertEquals(bucketOf(bound), i, `${bound}`);
    assertEquals(bucketOf(bound + 0.001), i + 1, `above ${bound}`);
    assertEquals(bucketOf(bound - 0.001), expected(bound - 0.001), `below ${bound}`);
  }
});

Deno.test("latency: every number has a bucket", () => {
  for (let value = 0.001; value < 2 ** 40; value *= 1.0137) {
    assertEquals(bucketOf(value), expected(value), `${value}`);
  }
  assertEquals(bucketOf(0), 0);
  assertEquals(bucketOf(-5), 0);
  assertEquals(bucketOf(Infinity), LATENCY_BUCKETS - 1);
  assertEquals(bucketOf(NaN), LATENCY_BUCKETS - 1);
});

Deno.test("latency: the buckets follow the named columns, and fit", () => {
  assert(Math.max(...Object.values(COLUMN)) < NAMED_COLUMNS);
  for (const histogram of Object.values(HISTOGRAM)) {
    assert(histogram.buckets >= NAMED_COLUMNS);
    assert(histogram.buckets + LATENCY_BUCKETS <= COUNTER_COLUMNS);
    const slots = new Float64Array(COUNTER_COLUMNS);
    const counters = new Counters(slots);
    counters.observe(histogram, 250, 3);
    counters.observe(histogram, 1e9, 1);
    assertEquals(counters.bucket(histogram, LATENCY_BOUNDS.indexOf(250)), 3);
    assertEquals(counters.bucket(histogram, LATENCY_BUCKETS - 1), 1);
    assertEquals(counters.get(histogram.sum), 750 + 1e9);
    assertEquals(slots.filter((value) => value !== 0).length, 3);
  }
});
