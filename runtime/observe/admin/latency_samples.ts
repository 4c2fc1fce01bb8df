/**
 * Latencies as a Prometheus histogram, and as percentiles.
 *
 * In: the buckets of ring/latency.ts. Out: samples at the usual bounds (1, 2.5 and 5 of each decade, a third of
 * the buckets that are counted), and percentiles computed from all buckets. Pure.
 */

import { type Counters, type Histogram, LATENCY_BOUNDS, LATENCY_BUCKETS } from "../../ring/mod.ts";
import type { Labels, MetricSample } from "./exposition.ts";

/** From 5 µs, less than any response takes, to 10 s, after which clients have given up. */
const [LEAST_BOUND, MOST_BOUND] = [5, 1e7];

/** Indexes of the buckets whose bounds are exported, and the bounds in seconds. */
const EXPORTED = LATENCY_BOUNDS.flatMap((bound, bucket) => {
  const digits = String(bound).replace(/0+$/, "");
  const isExported = bound >= LEAST_BOUND && bound <= MOST_BOUND && /^(1|25|5)$/.test(digits);
  return isExported ? [{ bucket, le: String(bound / 1e6) }] : [];
});

/** What is in each bucket of a histogram. */
export function latencyCounts(counters: Counters, histogram: Histogram): number[] {
  return Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => counters.bucket(histogram, bucket));
}

/** The samples of a histogram. */
export function latencySamples(
  counters: Counters,
  histogram: Histogram,
  labels: Labels,
): MetricSample[] {
  const counts = latencyCounts(counters, histogram);
  const buckets = EXPORTED.map(({ bucket, le }) => ({
    suffix: "_bucket",
    labels: { ...labels, le: decimal(le) },
    value: sum(counts.slice(0, bucket + 1)),
  }));
  const total = sum(counts);
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: total },
    { suffix: "_sum", labels, value: counters.get(histogram.sum) / 1e6 },
    { suffix: "_count", labels, value: total },
  ];
}

/**
 * A percentile in microseconds, interpolated linearly between the bounds of its bucket.
 *
 * @param share 0 to 1
 * @returns null if nothing was counted
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

/** Writes `5e-6` as digits, which are easier to read; Prometheus accepts both. */
function decimal(text: string): string {
  return text.includes("e") ? Number(text).toFixed(6).replace(/0+$/, "") : text;
}
