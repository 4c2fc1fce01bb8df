/**
 * Compares async-deno with each peer in one row.
 *
 * In: the summaries of a row by server id, and the id of ours. Out: one {@link Ratio} per peer with its
 * target and mark, and the comparison of our p99 with the best peer's. Pure; called by the report and for
 * the JSON.
 */

import type { Row } from "./rows.ts";
import type { Summary } from "./statistics.ts";
import { targetOf } from "./targets.ts";

/** Our CPU per request divided by a peer's. */
export interface Ratio {
  readonly peer: string;
  /** Ours divided by theirs; below 1, ours is cheaper. */
  readonly value: number;
  /** The highest value allowed by the target; undefined if there is no target. */
  readonly target: number | undefined;
  /** Whether the target is met; undefined if there is no target. */
  readonly met: boolean | undefined;
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

/**
 * The ratios of one of our servers in one row.
 *
 * @param summaries by server id, in the order to show them
 * @param us the id of ours; if it was not measured there are no ratios
 */
export function ratiosOf(
  row: Pick<Row, "id">,
  summaries: ReadonlyMap<string, Summary>,
  us: string,
): readonly Ratio[] {
  const ours = summaries.get(us);
  if (ours === undefined) return [];
  const ratios: Ratio[] = [];
  for (const [peer, theirs] of summaries) {
    if (OURS.includes(peer)) continue;
    const value = ours.cpuPerRequest / theirs.cpuPerRequest;
    const target = targetOf(row, peer);
    ratios.push({ peer, value, target, met: target === undefined ? undefined : value <= target });
  }
  return ratios;
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
    if (OURS.includes(peer) || p99 === null || p99 >= best) continue;
    best = p99;
    bestPeer = peer;
  }
  return bestPeer === "" ? undefined : { ours, best, bestPeer, met: ours <= best };
}
