/**
 * The file of a log, as its one writer sees it: written without blocking the thread, and kept in bounds.
 *
 * In: whole lines. Out: what of them was written, or a negated errno. What may take long, a pipe whose reader
 * has stopped, a disk that hangs, is waited for in a thread of Deno's pool and not in the caller's: one write is
 * under way at a time. That holds for every kind of file, and changes nothing about a descriptor that other
 * processes share: O_NONBLOCK on standard output would be theirs too.
 *
 * A file that has a bound is renamed to `FILE.1` before it would grow beyond it, and a new one begins. Lines
 * stay whole: a write ends with a line, also where the kernel takes less at first.
 */

/** Where a log goes, and how large it grows there. */
export interface LogFileOptions {
  /** A path, or `-` for standard output. */
  readonly target: string;
  /** Bytes of a file, behind which a new one begins; 0: no bound. */
  readonly limit: number;
  /** Whether what the file holds already is kept as `FILE.1`; else lines are appended to it. */
  readonly keepsLast: boolean;
  /** Told if the file had to be emptied because it could not be renamed, with the reason. */
  emptied(reason: string): void;
}

const NEWLINE = 0x0a;
/** POSIX: so much is written to a pipe as one, whoever else writes to it. Linux has 4096 of it. */
const PIPE_BUF = 4096;

/** An open log. The calls that touch the disk are in the two classes that extend it. */
export abstract class LogFile {
  readonly #limit: number;
  #endsWithinLine = false;
  /** Bytes of the file that count to the bound. */
  protected size = 0;
  /** Whether it is a file of bytes: no pipe, terminal, socket or device. */
  protected isRegular = false;

  /** @param limit see {@link LogFileOptions} */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether the last write was cut short within a line: what follows must be its rest. */
  get endsWithinLine(): boolean {
    return this.#endsWithinLine;
  }

  /**
   * Writes some of the lines, and in a file with a bound behind a rotation if there is no room. The bytes are
   * borrowed until the promise is fulfilled.
   *
   * @returns how many bytes were written, or a negated errno
   */
  async write(lines: Uint8Array): Promise<number> {
    let length = this.#fitting(lines);
    if (length === 0) {
      const rotated = this.rotate();
      if (rotated < 0) return rotated;
      length = this.#fitting(lines);
    }
    const written = await this.put(lines.subarray(0, length));
    if (written > 0) {
      this.size += written;
      this.#endsWithinLine = lines[written - 1] !== NEWLINE;
    }
    return written;
  }

  /**
   * Opens the file anew by its name, after somebody has renamed it, and goes on at its end. Where that fails
   * the old one stays.
   *
   * @throws {SystemError | Deno.errors}
   */
  reopen(): void {
    this.openAnew();
    this.#endsWithinLine = false;
  }

  /** Closes it, unless it is standard output. */
  abstract close(): void;

  /** Writes in another thread; a count or a negated errno. */
  protected abstract put(lines: Uint8Array): Promise<number>;
  /** As {@link reopen}. */
  protected abstract openAnew(): void;
  /** Renames the file and begins a new one, or empties it; 0, or a negated errno if there is no room after it. */
  protected abstract rotate(): number;

  /** How much may be written at once, whole lines; 0: not even one without a rotation. */
  #fitting(lines: Uint8Array): number {
    if (!this.isRegular) return linesWithin(lines, PIPE_BUF) || firstLine(lines);
    if (this.#limit === 0) return lines.length;
    if (this.#endsWithinLine) return firstLine(lines);
    const fitting = linesWithin(lines, this.#limit - this.size);
    return fitting === 0 && this.size === 0 ? firstLine(lines) : fitting;
  }
}

/** Bytes of the whole lines within the first `most` bytes. */
function linesWithin(lines: Uint8Array, most: number): number {
  if (lines.length <= most) return lines.length;
  return most <= 0 ? 0 : lines.lastIndexOf(NEWLINE, most - 1) + 1;
}

function firstLine(lines: Uint8Array): number {
  const end = lines.indexOf(NEWLINE);
  return end < 0 ? lines.length : end + 1;
}

/** How many lines end in these bytes. */
export function countLines(lines: Uint8Array): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at >= 0; at = lines.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
