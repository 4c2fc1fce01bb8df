/**
 * A log's file by libc: see log_file.ts.
 *
 * In: the target and its size limit. Out: counts, or negated errnos; a SystemError if the file cannot be
 * opened. A symbolic link as the last part of the path is never followed: in a folder that any user may write
 * to, such as /tmp, a link would let another user choose which of our files is written. At the start, a file
 * that another server has open as its log is not renamed, which would take it away from that server; a lock on
 * the file shows that.
 */

import { EAGAIN, EINTR, errnoText } from "./errno.ts";
import { FileStatus } from "./file_status.ts";
import { libc } from "./libc.ts";
import { LinuxFiles } from "./linux_files.ts";
import { LogFile, type LogFileOptions } from "./log_file.ts";
import { expectSuccess, result } from "./syscall.ts";
import { pathBytes } from "./path_bytes.ts";

const STDOUT = 1;
const STDERR = 2;
const O_WRONLY = 0x1;
const O_CREAT = 0x40;
const O_APPEND = 0x400;
// On a FIFO without a reader, open(2) would block; with this flag it fails with ENXIO.
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
// The value on arm64 differs from the generic one.
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0x8000 : 0x20000;
const F_SETFL = 4;
const LOCK_EX_NB = 2 | 4;
const POLLOUT = 4;
const MODE = 0o644;
/** Milliseconds that a write waits for a reader of a pipe. */
const PATIENCE = 100;

/** A log's file, written through its descriptor. */
export class LinuxLogFile extends LogFile {
  readonly #path: string | null;
  readonly #emptied: LogFileOptions["emptied"];
  readonly #status = new FileStatus();
  readonly #files = new LinuxFiles();
  readonly #descriptor: number;

  /** @throws {SystemError} with ELOOP for a symbolic link, EACCES, ENOENT, EISDIR … */
  constructor({ target, limit, keepsLast, descriptor, emptied }: LogFileOptions) {
    super(target === "-" ? 0 : limit); // standard output may be shared, so it is not rotated
    this.#path = target === "-" ? null : target;
    this.#emptied = emptied;
    this.#descriptor = descriptor ?? (this.#path === null ? STDOUT : open(this.#path));
    this.#readStatus();
    const hasLast = this.#path !== null && this.isRegular && this.size > 0;
    // If it cannot be renamed, its lines stay and new ones are appended.
    if (keepsLast && hasLast && this.#lock() && this.#rename() === 0) this.openAnew();
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  close(): void {
    if (this.#descriptor > STDERR) libc().close(this.#descriptor);
  }

  protected put(lines: Uint8Array): number {
    // A pipe that poll(2) reports as writable accepts PIPE_BUF bytes, and log_file.ts gives no more.
    if (!this.isRegular && !this.#isWritable()) return -EAGAIN;
    const bytes = lines as Uint8Array<ArrayBuffer>; // shared memory, which the call accepts too
    let written: number;
    do written = result(libc().write(this.#descriptor, bytes, bytes.length)); while (
      written === -EINTR
    );
    return written;
  }

  protected openAnew(): void {
    if (this.#path === null) return;
    const opened = open(this.#path);
    const placed = this.#descriptor <= STDERR
      ? opened
      : result(libc().dup3(opened, this.#descriptor, O_CLOEXEC));
    libc().close(opened);
    expectSuccess("dup3", placed, this.#descriptor);
    this.#readStatus();
  }

  protected rotate(): number {
    if (this.#path !== null && this.#isAtItsPath()) {
      const renamed = this.#rename();
      if (renamed < 0) return this.#empty(-renamed);
    }
    try {
      this.openAnew();
      return 0;
    } catch (error) {
      if (!(error instanceof Error && "errno" in error)) throw error;
      return -Number(error.errno);
    }
  }

  /** Returns false if another process has the file open as its log. */
  #lock(): boolean {
    return libc().flock(this.#descriptor, LOCK_EX_NB) === 0;
  }

  /** Whether the path still leads to the open file: it was not renamed or removed. */
  #isAtItsPath(): boolean {
    this.#files.status(this.#descriptor, this.#status);
    const { identity } = this.#status;
    return this.#files.statusOfPath(this.#path ?? "", this.#status) === 0 &&
      this.#status.identity === identity;
  }

  #rename(): number {
    return result(libc().rename(pathBytes(`${this.#path}`), pathBytes(`${this.#path}.1`)));
  }

  /** Truncates the file if it cannot be renamed, so that the size limit still holds. */
  #empty(errno: number): number {
    const emptied = result(libc().ftruncate(this.#descriptor, 0n));
    if (emptied < 0) return emptied;
    this.size = 0;
    this.#emptied(errnoText(errno));
    return 0;
  }

  #readStatus(): void {
    this.#files.status(this.#descriptor, this.#status);
    this.isRegular = this.#status.isRegular;
    this.size = this.#status.size;
    // The lock marks the file as a log in use, until it is closed: see the constructor.
    if (this.isRegular && this.#path !== null) this.#lock();
  }

  #isWritable(): boolean {
    // struct pollfd { s32 fd; s16 events; s16 revents }, the last two as one word.
    const poll = new Int32Array([this.#descriptor, POLLOUT]);
    return libc().poll(new Uint8Array(poll.buffer), 1, PATIENCE) > 0;
  }
}

/** Opens a file for appending; creates it with mode 0644 if it does not exist. */
function open(path: string): number {
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW;
  const opened = expectSuccess("open", result(libc().open(pathBytes(path), flags, MODE)));
  // O_NONBLOCK was for the opening only; no other process shares the open file description.
  libc().fcntl(opened, F_SETFL, O_APPEND);
  return opened;
}
