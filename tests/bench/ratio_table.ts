/**
 * Compares async-deno with each peer in one row.
 *
 * In: the summaries of a row by server id, and the id of ours. Out: one {@link Comparison} per peer, of CPU,
 * of the latencies and of the bytes of a message, with targets and marks; and the comparison of our p99 with the best peer's. Pure;
 * called by the report, the Markdown table and for the JSON.
 */

import { LIBRARY, MEMORY } from "./engine_rows.ts";
import { C_LOOP } from "./peers/c_loop.ts";
import { PLAIN } from "./peers/async_deno_plain.ts";
import { EARLIER } from "./peers/earlier_executable.ts";
import type { Row } from "./rows.ts";
import type { Summary } from "./statistics.ts";
import { targetOf } from "./targets.ts";

/** Our figure divided by a peer's. */
export interface Ratio {
  /** Ours divided by theirs; below 1, ours is lower. */
  readonly value: number;
  /** The highest value allowed by the target; undefined if there is no target. */
  readonly target: number | undefined;
  /** Whether the target is met; undefined if there is no target. */
  readonly met: boolean | undefined;
  /** The target is the lowest value, instead. */
  readonly isLeast?: boolean;
}

/** One of our servers and a peer. */
export interface Comparison {
  readonly peer: string;
  /** CPU per request. */
  readonly cpu: Ratio;
  /** Undefined if either is unknown. */
  readonly p99: Ratio | undefined;
  /** Undefined if either is unknown. */
  readonly p999: Ratio | undefined;
  /** Bytes that a subscriber receives for a message. Undefined without subscribers. */
  readonly wireBytes: Ratio | undefined;
  /** Requests a second; only if there is a target. */
  readonly rate?: Ratio;
}

/** Our p99 compared with the best of the peers. */
export interface TailComparison {
  /** µs */
  readonly ours: number;
  /** µs */
  readonly best: number;
  readonly bestPeer: string;
  readonly met: boolean;
}

/** The forms of async-deno, which are not compared with each other. */
export const OURS: readonly string[] = ["async-deno", "async-deno-exe"];

/** Whether a server is another product: neither async-deno, also an earlier one, without compression or without an engine, nor the bare loop in C or of a client library. */
export function isRival(id: string): boolean {
  return !OURS.includes(id) && ![EARLIER, PLAIN, C_LOOP, MEMORY, LIBRARY].includes(id);
}

function ratio(ours: number | null, theirs: number | null, target: number | undefined) {
  if (ours === null || theirs === null || theirs === 0) return undefined;
  const value = ours / theirs;
  return { value, target, met: target === undefined ? undefined : value <= target };
}

function rateOf(ours: Summary, theirs: Summary, target: number | undefined) {
  if (target === undefined) return {};
  const value = ours.requestsPerSecond / theirs.requestsPerSecond;
  return { rate: { value, target, met: value >= target, isLeast: true } };
}

/**
 * The comparisons of one of our servers in one row.
 *
 * @param summaries by server id, in the order to show them
 * @param us the id of ours; if it was not measured there are none
 */
export function comparisonsOf(
  row: Pick<Row, "id">,
  summaries: ReadonlyMap<string, Summary>,
  us: string,
): readonly Comparison[] {
  const ours = summaries.get(us);
  if (ours === undefined) return [];
  return [...summaries].filter(([peer]) => !OURS.includes(peer)).flatMap(([peer, theirs]) => {
    const target = targetOf(row, peer);
    const cpu = ratio(ours.cpuPerRequest, theirs.cpuPerRequest, target?.cpu);
    if (cpu === undefined) return [];
    const p99 = ratio(ours.p99, theirs.p99, target?.p99);
    const p999 = ratio(ours.p999, theirs.p999, target?.p999);
    const wireBytes = ratio(ours.wireBytes, theirs.wireBytes, target?.wireBytes);
    return [{ peer, cpu, p99, p999, wireBytes, ...rateOf(ours, theirs, target?.rate) }];
  });
}

/** Compares our p99; undefined if ours or those of all peers are unknown. */
export function compareTail(
  summaries: ReadonlyMap<string, Summary>,
  us: string,
): TailComparison | undefined {
  const ours = summaries.get(us)?.p99 ?? null;
  if (ours === null) return undefined;
  let best = Infinity;
  let bestPeer = "";
  for (const [peer, { p99 }] of summaries) {
    if (!isRival(peer) || p99 === null || p99 >= best) continue;
    best = p99;
    bestPeer = peer;
  }
  return bestPeer === "" ? undefined : { ours, best, bestPeer, met: ours <= best };
}
