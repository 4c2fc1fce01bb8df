/**
 * `FileSystem` implemented with libc: paths beneath a folder, status, contents.
 *
 * In and out: as `file_system.ts` says. With openat2(2) the kernel refuses every path that leaves the folder,
 * by "..", by an absolute link or by a relative one, even if another process moves folders at that moment.
 * Without openat2 (before Linux 5.6, or forbidden by an old sandbox) each part of the path is opened by itself
 * and no link is followed.
 *
 * This also refuses links that lead back into the folder: all absolute ones, and without openat2 all links. For
 * such a path the kernel is asked where it really ends. If that is beneath the folder, the real path, which has
 * no links, is opened in the same guarded way. The question opens nothing for reading, and a process that moves
 * files between it and the second attempt only makes that attempt fail.
 *
 * A path is written to scratch memory that is reused, as UTF-8 with a trailing NUL.
 */

import {
  EAGAIN,
  EINTR,
  EINVAL,
  ELOOP,
  ENAMETOOLONG,
  ENOENT,
  ENOSYS,
  ENOTDIR,
  EPERM,
  EXDEV,
} from "./errno.ts";
import type { FileStatus } from "./file_status.ts";
import type { FileSystem, LookUp, ReadPlace } from "./file_system.ts";
import { decodeName, readNames } from "./folder_entries.ts";
import { libc } from "./libc.ts";
import { prepareErrno, result } from "./syscall.ts";

const ARM = Deno.build.arch === "aarch64";
const SYS_OPENAT2 = 437;
const SYS_STATX = ARM ? 291 : 332;

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;

const O_RDONLY = 0;
const O_NOCTTY = 0x100;
const O_NONBLOCK = 0x800;
const O_DIRECTORY = ARM ? 0x4000 : 0x10000;
const O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
const O_CLOEXEC = 0x80000;
const O_PATH = 0x200000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_BENEATH = 0x08;

// Without these flags, open(2) would block on a FIFO without a writer, and a terminal would become our
// controlling terminal.
const READ = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

/** PATH_MAX of Linux, its NUL included. */
const PATH_BYTES = 4096;
/** struct open_how: flags, mode and resolve, a u64 each. */
const OPEN_HOW_BYTES = 24;
const OPEN_HOW_RESOLVE = 4;
/** Attempts of a look-up: concurrent renames may make one fail with EAGAIN. */
const ATTEMPTS = 8;

/** Results that may mean that a link was refused; see {@link LinuxFiles.open}. */
const MAYBE_LINK: readonly number[] = [-EXDEV, -ELOOP, -ENOTDIR];

const NO_PATH = new Uint8Array(1);
const encoder = new TextEncoder();

/** File system calls by libc. */
export class LinuxFiles implements FileSystem {
  readonly #libc = libc();
  readonly #path = new Uint8Array(PATH_BYTES);
  readonly #how = new Uint32Array(OPEN_HOW_BYTES / 4);
  readonly #howBytes = new Uint8Array(this.#how.buffer);
  #hasOpenat2 = true;

  /** @param options `openat2`: false behaves as on a kernel without it */
  constructor(options: { readonly openat2: boolean } = { openat2: true }) {
    this.#hasOpenat2 = options.openat2;
    prepareErrno();
  }

  openFolder(path: string): number {
    return this.#openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }

  statusOfPath(path: string, into: FileStatus): number {
    return this.statusAt(AT_FDCWD, path, into);
  }

  open(folder: number, path: string, how: LookUp): number {
    const opened = this.#openBeneath(folder, path, how);
    if (how.followLinks || !MAYBE_LINK.includes(opened) || !isDownward(path)) return opened;
    const real = this.#realPathBeneath(folder, path);
    if (typeof real === "string") return this.#openBeneath(folder, real, how);
    return real === -ENOENT ? real : opened;
  }

  #openBeneath(folder: number, path: string, how: LookUp): number {
    if (!this.#hasOpenat2) return this.#openParts(folder, path, how);
    const written = this.#writePath(path === "" ? "." : path);
    if (written < 0) return written;
    this.#how[0] = READ;
    this.#how[OPEN_HOW_RESOLVE] = how.followLinks
      ? RESOLVE_NO_MAGICLINKS
      : RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
    let opened = -EAGAIN;
    for (let i = 0; i < ATTEMPTS && (opened === -EAGAIN || opened === -EINTR); i++) {
      opened = result(
        this.#libc.syscall_openat2(SYS_OPENAT2, folder, this.#path, this.#howBytes, OPEN_HOW_BYTES),
      );
    }
    if (opened !== -ENOSYS && !(opened === -EPERM && !this.#proveOpenat2(folder))) return opened;
    this.#hasOpenat2 = false;
    return this.#openParts(folder, path, how);
  }

  status(descriptor: number, into: FileStatus): number {
    return this.#statx(descriptor, NO_PATH, AT_EMPTY_PATH, into);
  }

  statusAt(folder: number, path: string, into: FileStatus): number {
    const written = this.#writePath(path === "" ? "." : path);
    return written < 0 ? written : this.#statx(folder, this.#path, 0, into);
  }

  read(descriptor: number, bytes: Uint8Array, at: ReadPlace): number {
    const view = bytes.subarray(at.start, at.end) as Uint8Array<ArrayBuffer>;
    const offset = BigInt(at.offset);
    let count: number;
    do count = result(this.#libc.pread(descriptor, view, view.length, offset)); while (
      count === -EINTR
    );
    return count;
  }

  readNames(descriptor: number): readonly string[] | null | number {
    return readNames(descriptor);
  }

  close(descriptor: number): number {
    return result(this.#libc.close(descriptor));
  }

  /** Whether openat2 works at all: an old sandbox answers unknown calls with EPERM. */
  #proveOpenat2(folder: number): boolean {
    this.#writePath(".");
    this.#how[0] = O_PATH | O_CLOEXEC;
    const opened = result(
      this.#libc.syscall_openat2(SYS_OPENAT2, folder, this.#path, this.#howBytes, OPEN_HOW_BYTES),
    );
    if (opened >= 0) this.close(opened);
    return opened >= 0;
  }

  /** Opens without openat2: part by part, so that only entries of the folder itself are opened. */
  #openParts(folder: number, path: string, how: LookUp): number {
    if (how.followLinks) return this.#openat(folder, path === "" ? "." : path, READ);
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) return -EINVAL;
    const last = parts.pop() ?? ".";
    let at = folder;
    for (const part of parts) {
      const next = this.#openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (at !== folder) this.close(at);
      if (next < 0) return next;
      at = next;
    }
    const opened = this.#openat(at, last, READ | O_NOFOLLOW);
    if (at !== folder) this.close(at);
    return opened;
  }

  /**
   * The real path when all links are followed, relative to the folder; undefined if it is not beneath the
   * folder, or cannot be determined. A negated errno if the path does not exist.
   */
  #realPathBeneath(folder: number, path: string): string | undefined | number {
    const end = this.#openat(folder, path, O_PATH | O_CLOEXEC);
    if (end < 0) return end;
    const [root, real] = [this.#pathOf(folder), this.#pathOf(end)];
    this.close(end);
    if (root === undefined || real === undefined) return undefined;
    if (real === root) return "";
    const prefix = root.endsWith("/") ? root : `${root}/`;
    return real.startsWith(prefix) ? real.slice(prefix.length) : undefined;
  }

  /** The absolute path of an open descriptor; undefined without /proc, or if the path is not UTF-8. */
  #pathOf(descriptor: number): string | undefined {
    const written = this.#writePath(`/proc/self/fd/${descriptor}`);
    if (written < 0) return undefined;
    const into = new Uint8Array(PATH_BYTES);
    const count = result(this.#libc.readlinkat(AT_FDCWD, this.#path, into, PATH_BYTES));
    // The buffer is full: the path may have been truncated.
    if (count < 0 || count >= PATH_BYTES) return undefined;
    return decodeName(into.subarray(0, count));
  }

  #openat(folder: number, path: string, flags: number): number {
    const written = this.#writePath(path);
    if (written < 0) return written;
    let opened: number;
    do opened = result(this.#libc.openat(folder, this.#path, flags, 0)); while (opened === -EINTR);
    return opened;
  }

  #statx(folder: number, path: Uint8Array, flags: number, into: FileStatus): number {
    return result(
      this.#libc.syscall_statx(
        SYS_STATX,
        folder,
        path as Uint8Array<ArrayBuffer>,
        flags,
        STATX_BASIC_STATS,
        into.bytes,
      ),
    );
  }

  /** Returns 0 or -ENAMETOOLONG; -EINVAL for a path with a NUL, which the kernel would treat as its end. */
  #writePath(path: string): number {
    if (path.includes("\0")) return -EINVAL;
    const { read, written } = encoder.encodeInto(path, this.#path);
    if (read < path.length || written >= PATH_BYTES) return -ENAMETOOLONG;
    this.#path[written] = 0;
    return 0;
  }
}

/** Whether a path can lead upwards only through a link: only such a path is resolved a second time. */
function isDownward(path: string): boolean {
  return !path.startsWith("/") && !path.split("/").includes("..");
}
