/**
 * Detects growth of a process from samples of its size.
 *
 * In: a process id each second; then all samples. Out: checks. The first quarter of the samples is for
 * warming up. The medians of the second and the last quarter are compared; a single peak does not change
 * them. Pure, except for {@link takeSample}.
 */

import { countDescriptors, countThreads, residentBytes } from "../e2e/faults/process_size.ts";
import type { Check } from "./check.ts";

const MEBIBYTE = 1024 * 1024;

/** The size of a process at one time. */
export interface Sample {
  /** Resident memory, bytes. */
  readonly resident: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** The allowed difference between the two medians if nothing grows. */
interface Tolerance {
  readonly of: keyof Sample;
  readonly share: number;
  readonly absolute: number;
  show(value: number): string;
}

const TOLERANCES: readonly Tolerance[] = [
  {
    // V8 decides when to collect garbage: the heaps of four threads vary by this much.
    of: "resident",
    share: 0.1,
    absolute: 8 * MEBIBYTE,
    show: (value) => `${(value / MEBIBYTE).toFixed(1)} MiB`,
  },
  // The loads open and close connections independently of each other.
  { of: "descriptors", share: 0.1, absolute: 8, show: String },
  // Deno starts threads for blocking calls on demand and ends them again.
  { of: "threads", share: 0, absolute: 2, show: String },
];

/** Measures the size of a process. */
export function takeSample(pid: number): Sample {
  return {
    resident: residentBytes(pid),
    descriptors: countDescriptors(pid),
    threads: countThreads(pid),
  };
}

/** One check for each measure. @throws {RangeError} for fewer than four samples */
export function checkGrowth(samples: readonly Sample[]): Check[] {
  if (samples.length < 4) {
    throw new RangeError(`Cannot compare quarters of ${samples.length} samples`);
  }
  const quarter = samples.length >> 2;
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  return TOLERANCES.map(({ of, share, absolute, show }) => {
    const [before, after] = [early, late].map((part) => median(part.map((each) => each[of])));
    return {
      name: `${of} do not grow`.replace("resident do", "resident memory does"),
      passed: after! <= before! * (1 + share) + absolute,
      figures: `median of the second quarter ${show(before!)}, of the last ${show(after!)}`,
    };
  });
}

/** The median; of an even count the upper middle value. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
