/**
 * Estimates how long a run takes.
 *
 * In: options, rows, the present peers. Out: seconds. Pure; run.ts prints it before the run.
 */

import type { BenchOptions } from "./options.ts";
import type { Peer } from "./peers/mod.ts";
import type { Row } from "./rows.ts";

/** From exec to the first response, and the stop. */
const START_AND_STOP = 1;
/** The start and end of a client. */
const CLIENT = 0.3;

function secondsOf(row: Row, { rounds, seconds, warmup }: BenchOptions): number {
  const turns = rounds * (seconds + CLIENT);
  if (row.load === "cold") return turns + rounds * START_AND_STOP;
  const calibration = row.load === "paced" ? seconds + CLIENT : 0;
  const warm = warmup > 0 ? warmup + CLIENT : 0;
  return START_AND_STOP + warm + calibration + turns;
}

/** The seconds that the rows take with these peers. */
export function estimateSeconds(
  rows: readonly Row[],
  peers: readonly Pick<Peer, "does">[],
  options: BenchOptions,
): number {
  return rows.reduce((sum, row) => {
    const able = peers.filter(({ does }) => does[row.work] !== undefined).length;
    return sum + able * secondsOf(row, options);
  }, 0);
}
