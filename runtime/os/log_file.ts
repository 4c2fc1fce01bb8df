/**
 * A log's file, for the thread that writes it: limited in size.
 *
 * In: whole lines. Out: how many bytes of them were written, or a negated errno. Its thread has nothing else to
 * do: a write may block for long, on a disk that hangs. A pipe is polled first, so that the thread notices orders
 * while nobody reads. Nothing is changed about a descriptor that other processes share: O_NONBLOCK on standard
 * output would affect them too.
 *
 * A file with a size limit is renamed to `FILE.1` before it would grow beyond the limit, and a new one begins.
 * Lines stay whole: a rotation happens only at the end of a line, even if the kernel accepts only part of a
 * write.
 */

/** Where a log is written, and how large its file may grow. */
export interface LogFileOptions {
  /** A path, or `-` for standard output. */
  readonly target: string;
  /** Size limit of a file in bytes, after which a new one begins; 0: no limit. */
  readonly limit: number;
  /** Whether an existing file is kept as `FILE.1`; otherwise lines are appended to it. */
  readonly keepsLast: boolean;
  /** {@link LogFile.descriptor} of an open file that is written from now on; absent: it is opened by its name. */
  readonly descriptor?: number;
  /** Called if the file had to be emptied because it could not be renamed, with the reason. */
  emptied(reason: string): void;
}

const NEWLINE = 0x0a;
/** POSIX: writes to a pipe up to this size are atomic. 4096 on Linux. */
const PIPE_BUF = 4096;

/** An open log. The two subclasses make the calls that touch the disk. */
export abstract class LogFile {
  readonly #limit: number;
  #endsWithinLine = false;
  /** Bytes of the file that count towards the limit. */
  protected size = 0;
  /** Whether it is a regular file: no pipe, terminal, socket or device. */
  protected isRegular = false;

  /** @param limit see {@link LogFileOptions} */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Another thread can write the file by this descriptor, which stays the same; undefined: it must open the file itself. */
  abstract get descriptor(): number | undefined;

  /** Whether the last write ended within a line: the next bytes must be the rest of it. */
  get endsWithinLine(): boolean {
    return this.#endsWithinLine;
  }

  /**
   * Writes some of the lines; rotates a file with a size limit first if there is no room.
   *
   * @returns how many bytes were written, or a negated errno: -EAGAIN if nobody reads for a moment
   */
  write(lines: Uint8Array): number {
    let length = this.#fitting(lines);
    if (length === 0) {
      const rotated = this.rotate();
      if (rotated < 0) return rotated;
      length = this.#fitting(lines);
    }
    const written = this.put(lines.subarray(0, length));
    if (written > 0) {
      this.size += written;
      this.#endsWithinLine = lines[written - 1] !== NEWLINE;
    }
    return written;
  }

  /**
   * Opens the file again by its name, after it was renamed, and appends to it. If that fails, the old file
   * stays open.
   *
   * @throws {SystemError | Deno.errors}
   */
  reopen(): void {
    this.openAnew();
    this.#endsWithinLine = false;
  }

  /** Closes it, unless it is standard output. */
  abstract close(): void;

  /** Writes; returns a count or a negated errno. */
  protected abstract put(lines: Uint8Array): number;
  /** As {@link reopen}. */
  protected abstract openAnew(): void;
  /** Renames the file and begins a new one, or empties it. Returns 0, or a negated errno if neither made room. */
  protected abstract rotate(): number;

  /** How many bytes of whole lines may be written at once; 0: not even one line without a rotation. */
  #fitting(lines: Uint8Array): number {
    if (!this.isRegular) return linesWithin(lines, PIPE_BUF) || firstLine(lines);
    if (this.#limit === 0) return lines.length;
    if (this.#endsWithinLine) return firstLine(lines);
    const fitting = linesWithin(lines, this.#limit - this.size);
    return fitting === 0 && this.size === 0 ? firstLine(lines) : fitting;
  }
}

/** Bytes of the whole lines within the first `limit` bytes. */
function linesWithin(lines: Uint8Array, limit: number): number {
  if (lines.length <= limit) return lines.length;
  return limit <= 0 ? 0 : lines.lastIndexOf(NEWLINE, limit - 1) + 1;
}

function firstLine(lines: Uint8Array): number {
  const end = lines.indexOf(NEWLINE);
  return end < 0 ? lines.length : end + 1;
}

/** Number of line ends in these bytes. */
export function countLines(lines: Uint8Array): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at >= 0; at = lines.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
