/**
 * How many cores this process may use at once: those of its CPU affinity, or fewer if its control group has a CPU
 * quota.
 *
 * In: nothing. Out: the number, the quota rounded up, and what limits it, for the operator. Called once, at the
 * start. `navigator.hardwareConcurrency` follows the affinity too, but rounds a quota down (seen on 2.4.2 and
 * 2.9.6): a quota of 1.5 would leave half a core unused.
 */

import { groupFolders, readSmallFile, type ReadText } from "./control_group.ts";
import { hasLibc, libc } from "./libc.ts";

/** Bytes of a CPU mask for 8,192 cores; the kernel refuses one that is too short for the machine. */
const MASK_BYTES = 1024;

/** The cores of this process. */
export interface UsableCores {
  /** At least 1. */
  readonly count: number;
  /** What leaves fewer than the machine has, as "CPU quota of 1.5"; absent: all of them can be used. */
  readonly limit?: string;
}

/** The cores that this process may use. */
export function usableCores(): UsableCores {
  const { hardwareConcurrency } = navigator;
  return hasLibc()
    ? usableCoresFrom(readSmallFile, affinity() ?? hardwareConcurrency)
    : { count: hardwareConcurrency };
}

/** The same, from what `read` gives and the number of cores in the affinity. */
export function usableCoresFrom(read: ReadText, affinity: number): UsableCores {
  const quota = Math.min(...quotas(read));
  const count = Math.max(1, Math.min(affinity, Math.ceil(quota)));
  if (quota < affinity) return { count, limit: `CPU quota of ${Math.round(quota * 100) / 100}` };
  return affinity < onlineCores(read) ? { count, limit: "CPU affinity" } : { count };
}

/** The number of cores that sched_setaffinity(2), cpusets and taskset(1) leave. */
function affinity(): number | undefined {
  const mask = new Uint8Array(MASK_BYTES);
  if (libc().sched_getaffinity(0, mask.length, mask) < 0) return undefined;
  let count = 0;
  for (const byte of mask) for (let bits = byte; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** The quotas of all groups, in cores. */
function quotas(read: ReadText): number[] {
  const { version1, version2 } = groupFolders(read, "cpu");
  return [
    ...version2.map((folder) => read(`${folder}/cpu.max`) ?? ""), // "max 100000": none
    ...version1.map((folder) => {
      return `${read(`${folder}/cpu.cfs_quota_us`)} ${read(`${folder}/cpu.cfs_period_us`)}`; // "-1 100000": none
    }),
  ].flatMap((text) => {
    const [, quota, period] = /^(\d+)\s+(\d+)\s*$/.exec(text) ?? [];
    return quota === undefined ? [] : [Number(quota) / Number(period)];
  });
}

/** As /sys lists them: "0-3,8". */
function onlineCores(read: ReadText): number {
  const ranges = (read("/sys/devices/system/cpu/online") ?? "").matchAll(/(\d+)(?:-(\d+))?/g);
  return [...ranges].reduce(
    (sum, [, first, last = first]) => sum + Number(last) - Number(first) + 1,
    0,
  );
}
