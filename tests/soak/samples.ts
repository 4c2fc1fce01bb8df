/**
 * Is a process growing? Samples of its size, and the comparison of an early with a late part.
 *
 * In: a process id each second; then all samples. Out: checks. The first quarter is for warming up,
 * the third lies between: compared are the medians of the second and the last, which no single
 * peak moves. Pure but for {@link takeSample}.
 */

import { countDescriptors, countThreads, residentBytes } from "../e2e/faults/process_size.ts";
import type { Check } from "./check.ts";

const MEBIBYTE = 1024 * 1024;

/** The size of a process at one moment. */
export interface Sample {
  /** Resident memory, bytes. */
  readonly resident: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** What may differ between two medians of something that does not grow. */
interface Tolerance {
  readonly of: keyof Sample;
  readonly share: number;
  readonly absolute: number;
  show(value: number): string;
}

const TOLERANCES: readonly Tolerance[] = [
  {
    // V8 collects when it sees fit: a heap of its own in each of four threads goes up and down by this.
    of: "resident",
    share: 0.1,
    absolute: 8 * MEBIBYTE,
    show: (value) => `${(value / MEBIBYTE).toFixed(1)} MiB`,
  },
  // The loads open and close by themselves, and not in step.
  { of: "descriptors", share: 0.1, absolute: 8, show: String },
  // Deno starts threads for blocking calls when it needs them, and ends them again.
  { of: "threads", share: 0, absolute: 2, show: String },
];

/** How large the process is now. */
export function takeSample(pid: number): Sample {
  return {
    resident: residentBytes(pid),
    descriptors: countDescriptors(pid),
    threads: countThreads(pid),
  };
}

/** One check for each measure. @throws {RangeError} for fewer than four samples */
export function judgeGrowth(samples: readonly Sample[]): Check[] {
  if (samples.length < 4) throw new RangeError(`${samples.length} samples have no quarters`);
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

/** The middle value; of an even count the upper one. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
