/**
 * What a process's threads did between two looks: wake-ups and CPU, by name.
 *
 * In: process ids; `/proc/PID/task/TID/status` and `stat`. Out: {@link ThreadLook}s and what changed.
 * Parsing and comparing are pure. A thread counts as woken whenever it left the core of its own accord or
 * was made to: both say that it ran.
 */

import { threadCpuSecondsOf } from "./proc.ts";

/** One thread at one time. */
export interface ThreadLook {
  readonly id: number;
  readonly name: string;
  /** Times that it gave up the core, to wait or because its time was over. */
  readonly switches: number;
  /** CPU seconds, user and system. */
  readonly cpu: number;
}

/** One thread between two looks. */
export interface ThreadActivity {
  readonly name: string;
  readonly wakeUps: number;
  /** Seconds. */
  readonly cpu: number;
}

/**
 * Parses `/proc/PID/task/TID/status`.
 *
 * @throws RangeError when a line is missing
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

/** Looks at every thread of the processes. */
export function lookAtThreads(ids: readonly number[]): ThreadLook[] {
  return ids.flatMap((process) =>
    [...threadCpuSecondsOf([process])].map(([id, cpu]) => {
      const text = Deno.readTextFileSync(`/proc/${process}/task/${id}/status`);
      return { id, cpu, ...parseThreadStatus(text) };
    })
  );
}

/** What the threads of `after` did since `before`; one that is new did all of it since. */
export function activityBetween(
  before: readonly ThreadLook[],
  after: readonly ThreadLook[],
): ThreadActivity[] {
  const old = new Map(before.map((look) => [look.id, look]));
  return after.map(({ id, name, switches, cpu }) => {
    const from = old.get(id);
    return { name, wakeUps: switches - (from?.switches ?? 0), cpu: cpu - (from?.cpu ?? 0) };
  });
}
