/**
 * The only writer of a log file: writes the lines of all threads.
 *
 * In: buffer halves that threads have handed over (ring/log_buffer.ts), and `wake` when there are some. Out: whole
 * lines in the file, those of one thread in their order. Runs on the main thread and never blocks it: writes
 * run in Deno's thread pool. If nothing can be written, the lines wait and the write is repeated; a thread whose
 * buffer is full drops lines and counts them. So no worker ever waits for a reader of the log, or for a disk.
 */

import { countLines, EAGAIN, errnoName, errnoText, type LogFile } from "../os/mod.ts";
import { LogBufferReader } from "../ring/mod.ts";

/** Milliseconds until the next attempt after an error … */
const RETRY = 1000;
/** … and after EAGAIN, from a descriptor that another process set to non-blocking. */
const RETRY_SOON = 50;
/** Milliseconds to write the last lines: together with the drain, less than the 10 s of a stop. */
const LAST_WAIT = 500;

/** The parts of a writer. */
export interface LogWriterParts {
  readonly file: LogFile;
  /** The log's name in warnings: `log /tmp/async-deno.log`. */
  readonly title: string;
  /** From `createLogMemory`, for `threads` threads. */
  readonly memory: SharedArrayBuffer;
  readonly threads: number;
  /** A warning for the operator. */
  warn(text: string): void;
  /** This many lines were dropped, because the file could not be written. */
  dropped(lines: number): void;
}

/** The writer of one log. */
export class LogWriter {
  readonly #parts: LogWriterParts;
  readonly #readers: readonly LogBufferReader[];
  readonly #finished = Promise.withResolvers<void>();
  #turn = 0;
  #running: Promise<void> | null = null;
  // The unwritten rest of the current half.
  #rest: Uint8Array = NOTHING;
  #finishing = false;
  #closed = false;
  #failing = false;
  // The file was reopened within a line, whose rest belongs to the old file.
  #skipsLine = false;

  constructor(parts: LogWriterParts) {
    const { memory, threads } = parts;
    this.#parts = parts;
    this.#readers = Array.from({ length: threads }, (_, i) => new LogBufferReader(memory, i));
  }

  /** A thread has handed lines over. */
  wake(): void {
    if (this.#closed || this.#running !== null) return;
    // A thread reports both logs at once: this one may have nothing to write.
    if (this.#readers.some((reader) => reader.take() !== null)) this.#running = this.#run();
  }

  /** Takes over the unwritten lines of a thread that died. */
  salvage(thread: number): void {
    this.#readers[thread]?.salvage();
    this.wake();
  }

  /** Reopens the file by its name. @throws {SystemError | Deno.errors} the old file stays in use then */
  reopen(): void {
    const { file } = this.#parts;
    const isWithinLine = file.endsWithinLine;
    file.reopen();
    if (isWithinLine) this.#skipsLine = true;
  }

  /** Writes the remaining lines, for at most half a second, and closes the file. Called after all threads have ended. */
  async finish(): Promise<void> {
    const { file, dropped } = this.#parts;
    this.#finishing = true;
    this.#finished.resolve();
    this.wake();
    const late = pause(LAST_WAIT);
    await Promise.race([this.#running, late.ended]);
    late.cancel();
    this.#closed = true;
    if (this.#running === null) return file.close();
    // A write hangs: the file is closed when it returns, or when the process ends.
    dropped(this.#countUnwritten());
  }

  async #run(): Promise<void> {
    for (let reader = this.#next(); reader !== null; reader = this.#next()) {
      await this.#write(reader.take() ?? NOTHING);
      if (this.#closed) return this.#parts.file.close();
      reader.release();
    }
    this.#running = null;
  }

  /** The buffer of the next thread, in turn, that has handed lines over. */
  #next(): LogBufferReader | null {
    for (let i = 0; i < this.#readers.length; i++) {
      const reader = this.#readers[(this.#turn + i) % this.#readers.length];
      if (reader?.take() == null) continue;
      this.#turn += i + 1;
      return reader;
    }
    return null;
  }

  async #write(lines: Uint8Array): Promise<void> {
    this.#rest = lines;
    while (this.#rest.length > 0) {
      const written = await this.#parts.file.write(this.#rest);
      if (this.#closed) return;
      if (written > 0) this.#wrote(written);
      else await this.#retryLater(-written);
      if (this.#skipsLine) this.#skipLine();
    }
  }

  #wrote(count: number): void {
    this.#rest = this.#rest.subarray(count);
    this.#failing = false;
  }

  async #retryLater(errno: number): Promise<void> {
    const { title, warn } = this.#parts;
    if (errno !== EAGAIN && !this.#failing) {
      this.#failing = true;
      warn(
        `cannot write the ${title}: ${errnoText(errno)} (${
          errnoName(errno)
        }); the server continues, ` +
          "lines wait in memory, and further ones are dropped when that is full",
      );
    }
    if (this.#finishing) return this.#drop(this.#rest.length);
    const again = pause(errno === EAGAIN ? RETRY_SOON : RETRY);
    await Promise.race([again.ended, this.#finished.promise]);
    again.cancel();
  }

  #skipLine(): void {
    this.#skipsLine = false;
    const end = this.#rest.indexOf(NEWLINE);
    if (end >= 0) this.#drop(end + 1);
  }

  #drop(bytes: number): void {
    this.#parts.dropped(countLines(this.#rest.subarray(0, bytes)));
    this.#rest = this.#rest.subarray(bytes);
  }

  #countUnwritten(): number {
    let lines = countLines(this.#rest);
    // The current half is counted already: it belongs to the thread before #turn.
    this.#readers[(this.#turn - 1) % this.#readers.length]?.release();
    for (const reader of this.#readers) {
      for (let half = reader.take(); half !== null; half = reader.take()) {
        lines += countLines(half);
        reader.release();
      }
    }
    return lines;
  }
}

const NOTHING = new Uint8Array(0);
const NEWLINE = 0x0a;

function pause(milliseconds: number): { readonly ended: Promise<void>; cancel(): void } {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  return { ended, cancel: () => clearTimeout(timer) };
}
