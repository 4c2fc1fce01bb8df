/**
 * The activity of a process's threads between two samples: wake-ups and CPU, by name.
 *
 * In: process ids; `/proc/PID/task/TID/status` and `stat`. Out: {@link ThreadSample}s and their
 * differences. Parsing and comparing are pure. Wake-ups are counted as voluntary and involuntary context
 * switches: each means that the thread ran.
 */

import { threadCpuSecondsOf, unlessGone } from "./proc.ts";

/** One thread at one time. */
export interface ThreadSample {
  readonly id: number;
  readonly name: string;
  /** Context switches, voluntary and involuntary. */
  readonly switches: number;
  /** CPU seconds, user and system. */
  readonly cpu: number;
}

/** One thread between two samples. */
export interface ThreadActivity {
  readonly name: string;
  readonly wakeUps: number;
  /** Seconds. */
  readonly cpu: number;
}

/**
 * Parses `/proc/PID/task/TID/status`.
 *
 * @throws RangeError if a line is missing
 */
export function parseThreadStatus(text: string): { name: string; switches: number } {
  const field = (name: string): string => {
    const value = new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(text)?.[1];
    if (value === undefined) throw new RangeError(`no ${name} in a thread's status: "${text}"`);
    return value;
  };
  const switches = Number(field("voluntary_ctxt_switches")) +
    Number(field("nonvoluntary_ctxt_switches"));
  return { name: field("Name"), switches };
}

/** Samples every thread of the processes, except those that end meanwhile. */
export function sampleThreads(ids: readonly number[]): ThreadSample[] {
  return ids.flatMap((process) =>
    [...threadCpuSecondsOf([process])].flatMap(([id, cpu]) => {
      const file = `/proc/${process}/task/${id}/status`;
      const text = unlessGone(() => Deno.readTextFileSync(file));
      return text === undefined ? [] : [{ id, cpu, ...parseThreadStatus(text) }];
    })
  );
}

/** The activity of the threads in `after` since `before`; all activity of a new thread counts. */
export function activityBetween(
  before: readonly ThreadSample[],
  after: readonly ThreadSample[],
): ThreadActivity[] {
  const old = new Map(before.map((look) => [look.id, look]));
  return after.map(({ id, name, switches, cpu }) => {
    const from = old.get(id);
    return { name, wakeUps: switches - (from?.switches ?? 0), cpu: cpu - (from?.cpu ?? 0) };
  });
}
