/**
 * The control groups that limit this process: where the kernel shows their limits.
 *
 * In: a controller, as "cpu", and a function that reads files. Out: the folders of the group of this process and
 * of all groups above it, whose limits apply too. In a container its own group is the root of /sys/fs/cgroup.
 * Reads by libc: Deno gives /proc and /sys only to a program with all permissions.
 */

import { libc } from "./libc.ts";

/** Longer than the lines that are needed of any of these files. */
const FILE_BYTES = 4096;
const O_CLOEXEC = 0x80000;
const ROOT = "/sys/fs/cgroup";

/** Gives the text of a file; undefined: it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** The folders by the version of control groups; a machine may have both. Not all of them exist. */
export interface GroupFolders {
  readonly version1: readonly string[];
  readonly version2: readonly string[];
}

/** The folders of this process. */
export function groupFolders(read: ReadText, controller: string): GroupFolders {
  const groups = read("/proc/self/cgroup") ?? "";
  // cgroups(7): ID:CONTROLLERS:PATH, of version 2 0::PATH.
  const path1 = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(/.*)$`, "m").exec(groups)
    ?.[1];
  const path2 = /^0::(\/.*)$/m.exec(groups)?.[1];
  return {
    version1: foldersTo(`${ROOT}/${controller}`, path1),
    version2: foldersTo(ROOT, path2),
  };
}

function foldersTo(root: string, path = "/"): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return [root, ...names.map((_, i) => `${root}/${names.slice(0, i + 1).join("/")}`)];
}

/** Reads a file of /proc or /sys. */
export function readSmallFile(path: string): string | undefined {
  const { open, pread, close } = libc();
  const descriptor = open(new TextEncoder().encode(`${path}\0`), O_CLOEXEC, 0);
  if (descriptor < 0) return undefined;
  const bytes = new Uint8Array(FILE_BYTES);
  const count = pread(descriptor, bytes, bytes.length, 0n);
  close(descriptor);
  return count < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, count));
}
