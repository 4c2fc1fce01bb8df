/**
 * Formats the output of `deno bench --json` as a table with bytes or operations per second.
 *
 * In: the JSON text. The end of a benchmark's name states the work of an iteration: `1024 B`, or `× 1000`
 * for that many operations; times are then per operation. Out: lines. Pure; called by micro.ts.
 */

import { alignColumns } from "./report.ts";

/** One benchmark's figures. */
export interface MicroResult {
  readonly name: string;
  /** 75th percentile of one operation, ns. The mean is not used: on a machine with other work, a few
   * interrupted iterations would double it. */
  readonly p75: number;
  /** 99th percentile, ns. */
  readonly p99: number;
  /** Bytes per iteration, from the name's end; undefined if it names none. */
  readonly bytes: number | undefined;
  /** Operations per iteration, from the name's end; undefined if it names none. */
  readonly operations: number | undefined;
}

interface DenoBenchOutput {
  readonly benches: readonly {
    readonly name: string;
    readonly results: readonly { readonly ok?: { readonly p75: number; readonly p99: number } }[];
  }[];
}

/**
 * Parses the JSON.
 *
 * @throws Error if a benchmark failed
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
  // Operations per nanosecond, times a thousand, are millions per second.
  if (operations !== undefined) return `${(1000 / p75).toPrecision(3)} M/s`;
  // Bytes per nanosecond are gigabytes per second.
  return bytes === undefined ? "" : `${(bytes / p75).toPrecision(3)} GB/s`;
}

/** The table of results. */
export function microLines(results: readonly MicroResult[]): string[] {
  const lines = results.map((result) => [
    result.name,
    formatNanoseconds(result.p75),
    formatNanoseconds(result.p99),
    formatSpeed(result),
  ]);
  return alignColumns([["", "p75", "p99", "speed"], ...lines]);
}
