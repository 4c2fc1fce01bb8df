/**
 * Latencies of the benchmarks that compare a load with and without something beside it.
 *
 * In: what a client has reported, or medians of rounds. Out: milliseconds, a row of a table, and the ratio that is judged. Pure.
 */

import { median } from "./statistics.ts";

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** The latency of a load. @throws {Error} if a request failed */
export function latencyOfLoad(
  { errors, p50, p99 }: { errors: number; p50: number | null; p99: number | null },
): Latency {
  if (errors > 0 || p50 === null || p99 === null) throw new Error(`${errors} requests failed`);
  return { p50: p50 / 1_000, p99: p99 / 1_000 };
}

/** A row: a name, and the medians of p50 and p99. */
export function latencyRow(name: string, all: readonly Latency[]): string[] {
  const of = (key: keyof Latency) => median(all.map((latency) => latency[key]));
  return [name, of("p50").toFixed(2), of("p99").toFixed(2)];
}

/** The ratio of the medians of p99, and whether it is at most `wanted`. */
export function p99Ratio(
  [ours, others]: readonly [readonly Latency[], readonly Latency[]],
  wanted: number,
): string {
  const p99 = (all: readonly Latency[]) => median(all.map((latency) => latency.p99));
  const ratio = p99(ours) / p99(others);
  return `${ratio.toFixed(2)} ≤ ${wanted} ${ratio <= wanted ? "✓" : "✗"}`;
}
