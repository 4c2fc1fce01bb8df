/**
 * The result as text for a terminal.
 *
 * In: row results. Out: lines. Pure; called by run.ts when a row is done. Each peer's line has our ratios
 * to it, of CPU, p99 and, with subscribers, the bytes of a message, with the target: `0.82 ≤ 0.90 ✓`. With an engine, there are its
 * CPU and what is done in a second as well.
 */

import type { Entry, PeerStatus, RowResult } from "./harness.ts";
import { compareTail, comparisonsOf, OURS, type Ratio } from "./ratio_table.ts";
import { isFanOutRow, isWebSocketRow, type Row } from "./rows.ts";
import type { Summary } from "./statistics.ts";
import { isMissing } from "./tools.ts";

/** Columns of a table; the first is left-aligned, the others right-aligned. */
type Cells = readonly string[];

const MIB = 1024 * 1024;
/** Below this share, a server does not resume TLS sessions as it should. */
const RESUMED = 0.99;
/** From this share of the p99 on, the client's own lateness spoils the latencies at a fixed rate. */
const LATE = 0.5;

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

/** Formats a rate: `84,615`, or `9.3` of something large. */
export function formatRate(perSecond: number): string {
  return perSecond < 99.95 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString("en");
}

/** Formats a ratio with its target and mark; nothing if it is unknown. */
export function formatRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  const value = ratio.value.toFixed(2);
  if (ratio.target === undefined) return value;
  return `${value} ${ratio.isLeast ? "≥" : "≤"} ${ratio.target.toFixed(2)} ${
    ratio.met ? "✓" : "✗"
  }`;
}

/** Formats the bytes of a message. */
function formatBytes(bytes: number | null): string {
  return bytes === null ? "–" : `${bytes.toFixed(0)} B`;
}

/** The columns of a row with an engine; the CPU of the server that publishes is the row's own if there are no subscribers. */
function engineColumns(row: Row): Cells {
  if (row.engine === undefined) return [];
  return [...(isFanOutRow(row) ? ["publisher"] : []), "engine", "in a call"];
}

function engineFigures({ engine }: Summary, row: Row): Cells {
  if (row.engine === undefined) return [];
  const { publisherCpu = null, engineCpu = null, together = null } = engine ?? {};
  return [
    ...(isFanOutRow(row) ? [formatMicros(publisherCpu)] : []),
    formatMicros(engineCpu),
    together === null ? "–" : together.toFixed(1),
  ];
}

function figures(summary: Summary, row: Row): Cells {
  return [
    formatMicros(summary.cpuPerRequest),
    `±${(summary.spread * 100).toFixed(0)}%`,
    formatRate(summary.requestsPerSecond),
    formatMicros(summary.p50),
    formatMicros(summary.p99),
    ...(row.load === "paced" ? [formatMicros(summary.p999)] : []),
    ...(isFanOutRow(row) ? [formatBytes(summary.wireBytes)] : []),
    `${(summary.rssBytes / MIB).toFixed(0)} MiB`,
    ...engineFigures(summary, row),
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
  if (summary?.late && summary.p99 !== null && summary.late >= summary.p99 * LATE) {
    notes.push(`${label}: the client was late: its latencies are partly the client's`);
  }
  if (summary !== undefined && summary.resumed !== null && summary.resumed < RESUMED) {
    notes.push(
      `${label}: only ${(summary.resumed * 100).toFixed(0)} % of the sessions were resumed`,
    );
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

/** The load of a row with a rate, and how exactly the client kept it. */
function paceNotes({ rate, entries }: RowResult): string[] {
  if (rate === undefined) return [];
  const measured = entries.flatMap(({ summary }) => summary ?? []);
  const late = formatMicros(Math.max(0, ...measured.map((summary) => summary.late ?? 0)));
  const busy = Math.max(0, ...measured.map((summary) => summary.clientBusiest)) * 100;
  return [
    `${formatRate(rate)} a second for each server; the client was at most ${late} late (p99), ${
      busy.toFixed(0)
    } % busy`,
  ];
}

/** The ratios that only some rows have. */
function lastRatios(row: Row): readonly ("wire" | "per second")[] {
  return isFanOutRow(row) ? ["wire"] : row.engine === undefined ? [] : ["per second"];
}

/** A row's table with its notes. */
export function rowLines(result: RowResult): string[] {
  const { row, missing, entries } = result;
  const title = `${row.title} (${row.workers} worker${row.workers === 1 ? "" : "s"})`;
  if (missing !== undefined) return [title, `  missing ${missing.missing}: ${missing.install}`];
  const summaries = summariesOf(result);
  const ours = OURS.filter((id) => summaries.has(id));
  const paced = row.load === "paced";
  const unit = isWebSocketRow(row) || isFanOutRow(row) ? "message" : "request";
  const header = [
    title,
    `CPU/${unit}`,
    "±",
    `${unit}s/s`,
    "p50",
    "p99",
    ...(paced ? ["p99.9"] : []),
    ...(isFanOutRow(row) ? ["wire"] : []),
    "RSS",
    ...engineColumns(row),
    ...ours.flatMap((id) => [`${id} to it`, "p99", ...lastRatios(row)]),
  ];
  const ratios = ours.map((id) => comparisonsOf(row, summaries, id));
  const lines = entries.flatMap(({ peer, label, summary }): Cells[] => {
    if (summary === undefined) return [];
    const beside = ratios.flatMap((list) => {
      const found = list.find((comparison) => comparison.peer === peer);
      const more = lastRatios(row).map((name) =>
        formatRatio(name === "wire" ? found?.wireBytes : found?.rate)
      );
      return [formatRatio(found?.cpu), formatRatio(found?.p99), ...more];
    });
    return [[`  ${label}`, ...figures(summary, row), ...beside]];
  });
  const notes = [
    ...paceNotes(result),
    ...entries.flatMap(notesOf),
    ...ours.flatMap((id) => tailNote(summaries, id)),
  ];
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
