/**
 * How we stand in one row against each peer.
 *
 * In: the summaries of a row by server id, and which of them is ours. Out: one {@link Ratio} a peer with
 * its target and mark, and the judgement of our p99 against the best peer's. Pure; called by the report
 * and for the JSON.
 */

import type { Row } from "./rows.ts";
import type { Summary } from "./statistics.ts";
import { targetOf } from "./targets.ts";

/** Our CPU per request over a peer's. */
export interface Ratio {
  readonly peer: string;
  /** Ours over theirs; below 1 we are cheaper. */
  readonly value: number;
  /** The highest value wanted; undefined where none was set. */
  readonly target: number | undefined;
  /** Whether the target is met; undefined where none was set. */
  readonly met: boolean | undefined;
}

/** Our p99 beside the best of the peers'. */
export interface TailJudgement {
  /** µs */
  readonly ours: number;
  /** µs */
  readonly best: number;
  readonly bestPeer: string;
  readonly met: boolean;
}

/** The servers that are ours: they are no peers of each other. */
export const OURS: readonly string[] = ["async-deno", "async-deno-exe"];

/**
 * The ratios of one of our servers in one row.
 *
 * @param summaries by server id, in the order to show them
 * @param us the id of ours; when it was not measured there are no ratios
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

/** Judges our p99, or undefined where we or all the peers have none. */
export function judgeTail(
  summaries: ReadonlyMap<string, Summary>,
  us: string,
): TailJudgement | undefined {
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
