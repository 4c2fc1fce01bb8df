/**
 * The result as JSON, for programs and for the README's table.
 *
 * In: options, machine, result. Out: dist/bench/results.json: all measurements, including each turn, with
 * the ratios and marks.
 */

import type { RunResult } from "./harness.ts";
import type { Machine } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { OUTPUT } from "./paths.ts";
import { compareTail, comparisonsOf, OURS } from "./ratio_table.ts";
import { summariesOf } from "./report.ts";

/** The file that {@link writeResults} writes. */
export const RESULTS = `${OUTPUT}results.json`;

/** Writes the JSON. */
export async function writeResults(
  result: RunResult,
  about: { options: BenchOptions; machine: Machine; startedAt: Date; pageBytes: number },
): Promise<void> {
  const { rounds, seconds, warmup, workers, pin, cold, rate } = about.options;
  const document = {
    startedAt: about.startedAt.toISOString(),
    machine: about.machine,
    options: { rounds, seconds, warmup, workers, pin, cold, rate },
    pageBytes: about.pageBytes,
    peers: result.peers,
    rows: result.rows.map((rowResult) => {
      const summaries = summariesOf(rowResult);
      const ours = OURS.filter((id) => summaries.has(id)).map((us) => ({
        server: us,
        comparisons: comparisonsOf(rowResult.row, summaries, us),
        p99: compareTail(summaries, us),
      }));
      return { ...rowResult, ours };
    }),
  };
  await Deno.writeTextFile(RESULTS, `${JSON.stringify(document, undefined, 2)}\n`);
}
