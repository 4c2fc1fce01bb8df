/**
 * What another process shows in proc(5): its children, the variables it was started with, and its descriptors.
 *
 * In: a process number. Out: what is there now. Read by libc, since Deno requires all permissions for these files. All but the children
 * takes the rights of ptrace(2): the same user, and no more capabilities than this process has.
 */

import { libc } from "./libc.ts";
import { readText } from "./own_command.ts";
import { pathBytes } from "./path_bytes.ts";
import { result } from "./syscall.ts";

const AT_FDCWD = -100;
/** Longer than any link to something that is no file, as `socket:[4711]`. */
const LINK_BYTES = 64;

/** The processes that its first thread has started, and that it has not waited for. @throws {SystemError} ENOENT: there is no such process */
export function childrenOf(pid: number): number[] {
  const text = readText(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((number) => number !== "").map(Number);
}

/** Whether it was started with this variable of the environment; no process that has ended was. @throws {SystemError} EACCES, ENOENT */
export function wasStartedWith(pid: number, variable: string): boolean {
  const variables = readText(`/proc/${pid}/environ`).split("\0");
  return variables.some((text) => text.startsWith(`${variable}=`));
}

/** What a descriptor of it leads to, as `socket:[4711]`, at most 64 bytes; undefined: it is closed, or not to be seen. */
export function descriptorTarget(pid: number, descriptor: number): string | undefined {
  const path = pathBytes(`/proc/${pid}/fd/${descriptor}`);
  const target = new Uint8Array(LINK_BYTES);
  const count = result(libc().readlinkat(AT_FDCWD, path, target, target.length));
  return count < 0 ? undefined : new TextDecoder().decode(target.subarray(0, count));
}
