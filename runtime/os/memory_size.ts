/**
 * How much memory this process may use at most: that of the machine, or of its control group.
 *
 * In: nothing. Out: bytes, the least of MemTotal in /proc/meminfo and of the limits of the control group of this
 * process and of those above it. Called once, at the start.
 */

import { groupFolders, readSmallFile, type ReadText } from "./control_group.ts";
import { hasLibc } from "./libc.ts";

/** Bytes; undefined: neither Linux nor another system says. */
export function memorySize(): number | undefined {
  return hasLibc() ? memorySizeFrom(readSmallFile) : undefined;
}

/** The same, from what `read` gives. */
export function memorySizeFrom(read: ReadText): number | undefined {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(read("/proc/meminfo") ?? "")?.[1];
  const machine = kibibytes === undefined ? [] : [Number(kibibytes) * 1024];
  const { version1, version2 } = groupFolders(read, "memory");
  const groups = [
    ...version2.map((folder) => `${folder}/memory.max`), // "max": no limit
    ...version1.map((folder) => `${folder}/memory.limit_in_bytes`), // without a limit: more than any machine has
  ].map((file) => read(file)?.trim() ?? "").filter((text) => /^\d+$/.test(text)).map(Number);
  const sizes = [...machine, ...groups];
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}
