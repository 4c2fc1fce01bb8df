/**
 * The result as Markdown: dist/bench/table.md.
 *
 * In: row results. Out: two tables. The first has each server's CPU per request and p99 (and p99.9 at half
 * rate), a line for each row; README's table is made of it. The second has our ratios to the peers for which
 * there is a target. Pure but for {@link writeMarkdown}; called by run.ts.
 */

import type { RowResult } from "./harness.ts";
import { OUTPUT } from "./paths.ts";
import { comparisonsOf, OURS } from "./ratio_table.ts";
import { formatMicros, formatRatio, summariesOf } from "./report.ts";
import type { Summary } from "./statistics.ts";

/** The file that {@link writeMarkdown} writes. */
export const TABLE = `${OUTPUT}table.md`;

/** Peers that do only what another cannot, and share its column. */
const COLUMN_OF: Readonly<Record<string, string>> = { "deno-tls": "deno", "node-ws": "node" };

function columnOf(peer: string): string {
  return COLUMN_OF[peer] ?? peer;
}

function table(header: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...lines.map(line)];
}

function figure(summary: Summary | undefined, paced: boolean): string {
  if (summary === undefined) return "";
  const { cpuPerRequest, p99, p999 } = summary;
  const latencies = paced ? [p99, p999] : [p99];
  return [cpuPerRequest, ...latencies].map(formatMicros).join(", ");
}

/** The figures of all servers. */
export function figuresTable(results: readonly RowResult[]): string[] {
  const columns = [
    ...new Set(results.flatMap((result) => [...summariesOf(result).keys()].map(columnOf))),
  ];
  const lines = results.map((result) => {
    const summaries = new Map(
      [...summariesOf(result)].map(([peer, summary]) => [columnOf(peer), summary]),
    );
    const paced = result.row.load === "paced";
    return [result.row.title, ...columns.map((column) => figure(summaries.get(column), paced))];
  });
  return table(["CPU per request, p99 (half rate: and p99.9)", ...columns], lines);
}

/** Our ratios to the peers, if there is a target. */
export function targetsTable(results: readonly RowResult[]): string[] {
  const lines = results.flatMap((result) => {
    const summaries = summariesOf(result);
    return OURS.flatMap((us) =>
      comparisonsOf(result.row, summaries, us)
        .filter(({ cpu, rate }) => cpu.target !== undefined || rate !== undefined)
        .map(({ peer, cpu, p99, p999, wireBytes, rate }) => {
          const far = result.row.load === "paced" ? p999 : undefined;
          return [result.row.title, us, peer, ...[cpu, p99, far, wireBytes, rate].map(formatRatio)];
        })
    );
  });
  return table(["row", "server", "to", "CPU", "p99", "p99.9", "bytes", "per second"], lines);
}

/** Writes both tables. */
export async function writeMarkdown(results: readonly RowResult[], machine: string): Promise<void> {
  const text = [machine, "", ...figuresTable(results), "", ...targetsTable(results), ""].join("\n");
  await Deno.writeTextFile(TABLE, text);
}
