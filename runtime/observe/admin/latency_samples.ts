/**
 * Latencies as a histogram of Prometheus, and as percentiles.
 *
 * In: the buckets of ring/latency.ts. Out: samples at the bounds that people ask for (1, 2.5 and 5 of each
 * decade, a third of those that are counted), and percentiles from all of them. Pure.
 */

import { COLUMN, type Counters, LATENCY_BOUNDS, LATENCY_BUCKETS } from "../../ring/mod.ts";
import type { Labels, MetricSample } from "./exposition.ts";

/** From 5 µs, below which no answer is sent, to 10 s, above which any client has given up. */
const [LEAST_BOUND, MOST_BOUND] = [5, 1e7];

/** Indexes of the buckets whose bounds are told, and the bounds in seconds. */
const TOLD = LATENCY_BOUNDS.flatMap((bound, bucket) => {
  const digits = String(bound).replace(/0+$/, "");
  const isTold = bound >= LEAST_BOUND && bound <= MOST_BOUND && /^(1|25|5)$/.test(digits);
  return isTold ? [{ bucket, le: String(bound / 1e6) }] : [];
});

/** How many requests each bucket has. */
export function latencyCounts(counters: Counters): number[] {
  return Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => counters.bucket(bucket));
}

/** The samples of one histogram. */
export function latencySamples(counters: Counters, labels: Labels): MetricSample[] {
  const counts = latencyCounts(counters);
  const buckets = TOLD.map(({ bucket, le }) => ({
    suffix: "_bucket",
    labels: { ...labels, le: decimal(le) },
    value: sum(counts.slice(0, bucket + 1)),
  }));
  const total = sum(counts);
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: total },
    { suffix: "_sum", labels, value: counters.get(COLUMN.latencyMicroseconds) / 1e6 },
    { suffix: "_count", labels, value: total },
  ];
}

/**
 * A percentile in microseconds, straight between the bounds of the bucket that it lies in.
 *
 * @param share 0 to 1
 * @returns null where there were no requests
 */
export function percentile(counts: readonly number[], share: number): number | null {
  const wanted = sum(counts) * share;
  if (wanted === 0) return null;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const [from, to] = [LATENCY_BOUNDS[bucket - 1] ?? 0, LATENCY_BOUNDS[bucket]];
      return to === undefined ? from : from + (to - from) * ((wanted - below) / count);
    }
    below += count;
  }
  return LATENCY_BOUNDS.at(-1) ?? null; // the sum was rounded
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** `5e-6` is a number to Prometheus too, but who reads it wants digits. */
function decimal(text: string): string {
  return text.includes("e") ? Number(text).toFixed(6).replace(/0+$/, "") : text;
}
