/**
 * What `deno bench --json` says, as a table with bytes a second.
 *
 * In: the JSON text. Out: lines. Pure; called by micro.ts.
 */

import { alignColumns } from "./report.ts";

/** One benchmark's figures. */
export interface MicroResult {
  readonly name: string;
  /** ns; three of four iterations take no longer. The mean is not used: on a machine that does other
   * work too, a few iterations that were interrupted would double it. */
  readonly p75: number;
  /** 99th percentile, ns. */
  readonly p99: number;
  /** Bytes that one iteration works on, from the name's end; undefined when it does not say. */
  readonly bytes: number | undefined;
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
    const bytes = /(\d+) B$/.exec(name)?.[1];
    return {
      name,
      p75: figures.p75,
      p99: figures.p99,
      bytes: bytes === undefined ? undefined : Number(bytes),
    };
  });
}

function formatNanoseconds(value: number): string {
  return `${value.toLocaleString("en", { maximumSignificantDigits: 4 })} ns`;
}

function formatSpeed({ bytes, p75 }: MicroResult): string {
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
