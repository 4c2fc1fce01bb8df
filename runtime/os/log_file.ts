/**
 * Opens the file that the log is appended to.
 *
 * In: a path. Out: a descriptor that appends, the file truncated or made with mode 0644. Never
 * through a symbolic link at the path's last part: in a folder that anyone may write to, such as
 * /tmp, a link would let another user choose which of our files is emptied.
 */

import { libc } from "./libc.ts";
import { expectSuccess, result } from "./syscall.ts";

const O_WRONLY = 0x1;
const O_CREAT = 0x40;
const O_TRUNC = 0x200;
const O_APPEND = 0x400;
// On a FIFO that nobody reads, open(2) would wait for ever; with this it answers ENXIO.
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
// Two values: the generic one and that of arm64.
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0x8000 : 0x20000;
const MODE = 0o644;

/**
 * Opens and truncates the log.
 *
 * @throws {SystemError} with ELOOP for a symbolic link, EACCES, ENOENT, EISDIR …
 */
export function openLogFile(path: string): number {
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW;
  const name = new TextEncoder().encode(`${path}\0`);
  return expectSuccess("open", result(libc().open(name, flags, MODE)));
}
