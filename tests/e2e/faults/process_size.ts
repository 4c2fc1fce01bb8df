/**
 * The size of a process, from /proc: descriptors, threads, resident memory.
 *
 * In: a process id. Out: numbers. Reads only; called by tests that look for growth.
 */

export { countDescriptors } from "../../support/process_facts.ts";

/** How many threads the process has. */
export function countThreads(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
}

/** Resident memory in bytes: VmRSS of proc(5). @throws {Error} if the process is gone */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(kibibytes) * 1024;
}
