/**
 * What `deno bench --json` says, as a table with bytes or operations a second.
 *
 * In: the JSON text; the end of a benchmark's name says what an iteration does: `1024 B`, or `× 1000`
 * for so many operations, whose times are then those of one. Out: lines. Pure; called by micro.ts.
 */

import { alignColumns } from "./report.ts";

/** One benchmark's figures. */
export interface MicroResult {
  readonly name: string;
  /** ns of one operation; three of four iterations take no longer. The mean is not used: on a machine that does other
   * work too, a few iterations that were interrupted would double it. */
  readonly p75: number;
  /** 99th percentile, ns. */
  readonly p99: number;
  /** Bytes that one iteration works on, from the name's end; undefined when it does not say. */
  readonly bytes: number | undefined;
  /** Operations of one iteration, from the name's end; undefined when it does not say. */
  readonly operations: number | undefined;
}

interface DenoBenchOutput {
  readonly benches: readonly {
    readonly name: string;
    readonly results: readonly { readonly ok?: { readonly p75: number; readonly p99: number } }[];
  }[];
}

/**
 * Reads the JSON.
 *
 * @throws Error when a benchmark failed
 */
export function parseMicroResults(json: string): readonly MicroResult[] {
  const { benches } = JSON.parse(json) as DenoBenchOutput;
  return benches.map(({ name, results }) => {
    const figures = results[0]?.ok;
    if (figures === undefined) throw new Error(`the benchmark "${name}" failed`);
    const bytes = numberIn(/(\d+) B$/, name);
    const operations = numberIn(/× (\d+)$/, name);
    const each = operations ?? 1;
    return { name, p75: figures.p75 / each, p99: figures.p99 / each, bytes, operations };
  });
}

function numberIn(pattern: RegExp, name: string): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function formatNanoseconds(value: number): string {
  return `${value.toLocaleString("en", { maximumSignificantDigits: 4 })} ns`;
}

function formatSpeed({ bytes, operations, p75 }: MicroResult): string {
  // Operations a nanosecond, times a thousand, are millions a second.
  if (operations !== undefined) return `${(1000 / p75).toPrecision(3)} M/s`;
  // Bytes a nanosecond are gigabytes a second.
  return bytes === undefined ? "" : `${(bytes / p75).toPrecision(3)} GB/s`;
}

/** The table. */
export function microLines(results: readonly MicroResult[]): string[] {
  const lines = results.map((result) => [
    result.name,
    formatNanoseconds(result.p75),
    formatNanoseconds(result.p99),
    formatSpeed(result),
  ]);
  return alignColumns([["", "p75", "p99", "speed"], ...lines]);
}
