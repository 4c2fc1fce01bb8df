/**
 * The rate of the rows that are not saturated.
 *
 * In: the rate at which each server was saturated. Out: the one rate at which all are measured. Pure; called
 * by the harness.
 */

import { isRival } from "./ratio_table.ts";

/** The part of the saturation rate. */
const SHARE = 0.5;

/**
 * Half of the highest rate of a peer. If only forms of async-deno were measured, half of the highest of
 * these; undefined if there is none.
 */
export function pacedRate(saturation: ReadonlyMap<string, number>): number | undefined {
  const rivals = [...saturation].filter(([id]) => isRival(id));
  const rates = (rivals.length > 0 ? rivals : [...saturation]).map(([, rate]) => rate);
  const highest = Math.max(0, ...rates);
  return highest > 0 ? highest * SHARE : undefined;
}
