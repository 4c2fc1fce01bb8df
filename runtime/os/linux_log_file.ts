/**
 * The file of a log by libc: see log_file.ts.
 *
 * In: where it goes and its bound. Out: counts, or negated errnos; a SystemError where it cannot be opened. Never through a symbolic link at the path's last part: in a folder that anyone may write to, such as /tmp, a
 * link would let another user choose which of our files is written. A file that another server has open as its
 * log is not renamed at the start, which would take it away from that one: a lock on it says so.
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
// On a FIFO that nobody reads, open(2) would wait for ever; with this it answers ENXIO.
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
// Two values: the generic one and that of arm64.
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0x8000 : 0x20000;
const F_SETFL = 4;
const LOCK_EX_NB = 2 | 4;
const POLLOUT = 4;
const MODE = 0o644;
/** A pipe that poll(2) calls writable takes so much at once. */
const PIPE_BUF = 4096;

/** A log's file by its descriptor. */
export class LinuxLogFile extends LogFile {
  readonly #path: string | null;
  readonly #emptied: LogFileOptions["emptied"];
  readonly #status = new FileStatus();
  readonly #files = new LinuxFiles();
  #descriptor: number;

  /** @throws {SystemError} with ELOOP for a symbolic link, EACCES, ENOENT, EISDIR … */
  constructor({ target, limit, keepsLast, emptied }: LogFileOptions) {
    super(target === "-" ? 0 : limit); // what others may write to is not ours to rename
    this.#path = target === "-" ? null : target;
    this.#emptied = emptied;
    this.#descriptor = this.#path === null ? STDOUT : open(this.#path);
    this.#look();
    const hasLast = this.#path !== null && this.isRegular && this.size > 0;
    // Where it cannot be renamed its lines stay, and what is new goes on behind them.
    if (keepsLast && hasLast && this.#lock() && this.#rename() === 0) this.openAnew();
  }

  close(): void {
    if (this.#descriptor > STDERR) libc().close(this.#descriptor);
  }

  protected async put(lines: Uint8Array): Promise<number> {
    const bytes = lines as Uint8Array<ArrayBuffer>; // shared memory: the call takes that too
    const written = await libc().write_nonblocking(this.#descriptor, bytes, bytes.length);
    return written > 0 ? written : this.#putAgain(bytes);
  }

  protected openAnew(): void {
    if (this.#path === null) return;
    const opened = open(this.#path);
    // In the place of the old one: a write that is under way goes there to its end.
    const placed = this.#descriptor <= STDERR
      ? opened
      : result(libc().dup3(opened, this.#descriptor, O_CLOEXEC));
    libc().close(opened);
    expectSuccess("dup3", placed, this.#descriptor);
    this.#look();
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

  /** False: another process has it as its log. */
  #lock(): boolean {
    return libc().flock(this.#descriptor, LOCK_EX_NB) === 0;
  }

  /** Whether nobody has renamed or removed it. */
  #isAtItsPath(): boolean {
    this.#files.status(this.#descriptor, this.#status);
    const { identity } = this.#status;
    return this.#files.statusOfPath(this.#path ?? "", this.#status) === 0 &&
      this.#status.identity === identity;
  }

  #rename(): number {
    return result(libc().rename(pathBytes(`${this.#path}`), pathBytes(`${this.#path}.1`)));
  }

  /** Bounded all the same, in a folder whose names are not ours to change. */
  #empty(errno: number): number {
    const emptied = result(libc().ftruncate(this.#descriptor, 0n));
    if (emptied < 0) return emptied;
    this.size = 0;
    this.#emptied(errnoText(errno));
    return 0;
  }

  #look(): void {
    this.#files.status(this.#descriptor, this.#status);
    this.isRegular = this.#status.isRegular;
    this.size = this.#status.size;
    // The file's own lock, which goes with it: see the constructor.
    if (this.isRegular && this.#path !== null) this.#lock();
  }

  /**
   * Why nothing was written is known to the other thread alone. So it is asked for by the same call in this one,
   * which cannot block: what failed fails again, and a pipe is asked before whether it takes anything.
   */
  #putAgain(bytes: Uint8Array<ArrayBuffer>): number {
    const length = this.isRegular ? bytes.length : Math.min(bytes.length, PIPE_BUF);
    if (!this.isRegular && !this.#isWritable()) return -EAGAIN;
    let written: number;
    do written = result(libc().write(this.#descriptor, bytes, length)); while (written === -EINTR);
    return written;
  }

  #isWritable(): boolean {
    // struct pollfd { s32 fd; s16 events; s16 revents }, the last two as one word.
    const poll = new Int32Array([this.#descriptor, POLLOUT]);
    return libc().poll(new Uint8Array(poll.buffer), 1, 0) !== 0;
  }
}

/** A descriptor that appends, to a file made with mode 0644 where there was none. */
function open(path: string): number {
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW;
  const opened = expectSuccess("open", result(libc().open(pathBytes(path), flags, MODE)));
  // It was for the opening alone; the description is nobody else's.
  libc().fcntl(opened, F_SETFL, O_APPEND);
  return opened;
}
