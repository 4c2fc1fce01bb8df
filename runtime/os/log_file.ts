/**
 * Opens the file that a log is appended to.
 *
 * In: a path. Out: a descriptor that appends, to a file made with mode 0644 where there was none. Never
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

/** What becomes of what the file holds already. */
export type Opening = "empty" | "append";

/**
 * Opens a log.
 *
 * @throws {SystemError} with ELOOP for a symbolic link, EACCES, ENOENT, EISDIR …
 */
export function openLogFile(path: string, opening: Opening): number {
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW |
    (opening === "empty" ? O_TRUNC : 0);
  const name = new TextEncoder().encode(`${path}\0`);
  return expectSuccess("open", result(libc().open(name, flags, MODE)));
}

/**
 * Opens the path anew and puts that file in the place of the one behind `descriptor`, after the old one
 * was renamed. Every thread goes on with the number that it has: its next write goes to the new file.
 *
 * @throws {SystemError} as {@link openLogFile}; the old file then stays in its place
 */
export function reopenLogFile(path: string, descriptor: number): void {
  const opened = openLogFile(path, "append");
  const placed = result(libc().dup3(opened, descriptor, O_CLOEXEC));
  libc().close(opened);
  expectSuccess("dup3", placed, descriptor);
}
