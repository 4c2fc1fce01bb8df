/**
 * How much memory this process may use at most: that of the machine, or of its control group.
 *
 * In: nothing. Out: bytes, the least of MemTotal in /proc/meminfo and of `memory.max` in the control group
 * (version 2) of this process and in those above it. In a container its own group is the root of
 * /sys/fs/cgroup. Called once, at the start. Reads by libc: Deno gives /proc and /sys only to a program
 * with all permissions.
 */

import { hasLibc, libc } from "./libc.ts";

/** Longer than the lines that are needed of any of these files. */
const FILE_BYTES = 4096;
const O_CLOEXEC = 0x80000;
const CGROUP_ROOT = "/sys/fs/cgroup";

/** Gives the text of a file; undefined: it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** Bytes; undefined: neither Linux nor another system says. */
export function memorySize(): number | undefined {
  return hasLibc() ? memorySizeFrom(readSmallFile) : undefined;
}

/** The same, from what `read` gives. */
export function memorySizeFrom(read: ReadText): number | undefined {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(read("/proc/meminfo") ?? "")?.[1];
  const machine = kibibytes === undefined ? [] : [Number(kibibytes) * 1024];
  const groups = foldersOf(read("/proc/self/cgroup") ?? "")
    .map((folder) => read(`${folder}/memory.max`)?.trim() ?? "")
    .filter((text) => /^\d+$/.test(text)).map(Number); // "max": no limit
  const sizes = [...machine, ...groups];
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

/** The folders of the control group and of all above it; the line of version 2 begins with `0::`. */
function foldersOf(groups: string): string[] {
  const path = /^0::(\/.*)$/m.exec(groups)?.[1] ?? "/";
  const names = path.split("/").filter((name) => name !== "");
  return [CGROUP_ROOT, ...names.map((_, i) => `${CGROUP_ROOT}/${names.slice(0, i + 1).join("/")}`)];
}

function readSmallFile(path: string): string | undefined {
  const { open, pread, close } = libc();
  const descriptor = open(new TextEncoder().encode(`${path}\0`), O_CLOEXEC, 0);
  if (descriptor < 0) return undefined;
  const bytes = new Uint8Array(FILE_BYTES);
  const count = pread(descriptor, bytes, bytes.length, 0n);
  close(descriptor);
  return count < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, count));
}
