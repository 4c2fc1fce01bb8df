/**
 * The result as text for a terminal.
 *
 * In: row results. Out: lines. Pure; called by run.ts when a row is done. Each peer's line has our ratio
 * to it and the target: `0.82 ≤ 0.90 ✓`.
 */

import type { Entry, PeerStatus, RowResult } from "./harness.ts";
import { compareTail, OURS, type Ratio, ratiosOf } from "./ratio_table.ts";
import type { Summary } from "./statistics.ts";
import { isMissing } from "./tools.ts";

/** Columns of a table; the first is left-aligned, the others right-aligned. */
type Cells = readonly string[];

const MIB = 1024 * 1024;

/** Pads the cells of each column to equal width. */
export function alignColumns(lines: readonly Cells[]): string[] {
  const widths: number[] = [];
  for (const cells of lines) {
    cells.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return lines.map((cells) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
      .trimEnd()
  );
}

/** Formats µs with about three significant figures: `9.87 µs`, `123 µs`, `4.56 ms`. */
export function formatMicros(micros: number | null): string {
  if (micros === null) return "–";
  if (micros >= 9_995) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros >= 999.5) return `${(micros / 1000).toFixed(2)} ms`;
  return `${micros >= 99.5 ? micros.toFixed(0) : micros.toFixed(micros >= 9.995 ? 1 : 2)} µs`;
}

function formatRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  const value = ratio.value.toFixed(2);
  if (ratio.target === undefined) return value;
  return `${value} ≤ ${ratio.target.toFixed(2)} ${ratio.met ? "✓" : "✗"}`;
}

function figures(summary: Summary): Cells {
  return [
    formatMicros(summary.cpuPerRequest),
    `±${(summary.spread * 100).toFixed(0)}%`,
    Math.round(summary.requestsPerSecond).toLocaleString("en"),
    formatMicros(summary.p50),
    formatMicros(summary.p99),
    `${(summary.rssBytes / MIB).toFixed(0)} MiB`,
  ];
}

/** The summaries of the servers in a row that have figures. */
export function summariesOf(result: RowResult): Map<string, Summary> {
  const summaries = new Map<string, Summary>();
  for (const { peer, summary } of result.entries) if (summary) summaries.set(peer, summary);
  return summaries;
}

function notesOf({ label, summary, failure }: Entry): string[] {
  const notes: string[] = [];
  if (failure !== undefined) notes.push(`${label}: ${failure}`);
  if (summary !== undefined && summary.errors > 0) notes.push(`${label}: ${summary.errors} errors`);
  if (summary?.clientLimited) {
    notes.push(`${label}: the client was the limit: its requests/s and latency are the client's`);
  }
  return notes;
}

function tailNote(summaries: ReadonlyMap<string, Summary>, us: string): string[] {
  const tail = compareTail(summaries, us);
  if (tail === undefined) return [];
  const { ours, best, bestPeer, met } = tail;
  return [
    `p99 of ${us}: ${formatMicros(ours)}, best peer ${bestPeer} ${formatMicros(best)} ${
      met ? "✓" : "✗"
    }`,
  ];
}

/** A row's table with its notes. */
export function rowLines(result: RowResult): string[] {
  const { row, missing, entries } = result;
  const title = `${row.title} (${row.workers} worker${row.workers === 1 ? "" : "s"})`;
  if (missing !== undefined) return [title, `  missing ${missing.missing}: ${missing.install}`];
  const summaries = summariesOf(result);
  const ours = OURS.filter((id) => summaries.has(id));
  const unit = row.work === "websocket" ? "message" : "request";
  const header = [
    title,
    `CPU/${unit}`,
    "±",
    `${unit}s/s`,
    "p50",
    "p99",
    "RSS",
    ...ours.map((id) => `${id} to it`),
  ];
  const ratios = ours.map((id) => ratiosOf(row, summaries, id));
  const lines = entries.flatMap(({ peer, label, summary }): Cells[] => {
    if (summary === undefined) return [];
    const beside = ratios.map((list) => formatRatio(list.find((ratio) => ratio.peer === peer)));
    return [[`  ${label}`, ...figures(summary), ...beside]];
  });
  const notes = [...entries.flatMap(notesOf), ...ours.flatMap((id) => tailNote(summaries, id))];
  return [...alignColumns([header, ...lines]), ...notes.map((note) => `  ${note}`)];
}

/** Lists the servers found, and how to install the others. */
export function peerLines(peers: readonly PeerStatus[]): string[] {
  const widest = Math.max(...peers.map(({ peer }) => peer.length));
  return peers.map(({ peer, found }) => {
    const text = isMissing(found) ? `missing ${found.missing}: ${found.install}` : found.version;
    return `  ${peer.padEnd(widest)}  ${text}`;
  });
}
