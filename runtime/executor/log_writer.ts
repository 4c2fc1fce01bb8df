/**
 * The only writer of a log file: writes the lines of all threads.
 *
 * In: buffer halves that threads have handed over, and orders of the main thread (ring/log_control.ts). Out: whole
 * lines in the file, those of one thread in their order. It runs in a thread of its own and blocks it: between lines
 * it sleeps, and a write takes as long as the disk or the reader takes. If nothing can be written, the lines wait
 * and the write is repeated; a thread whose buffer is full drops lines and counts them. So neither a worker nor
 * the main thread ever waits for a reader of the log, or for a disk.
 *
 * Measured on a core that it shares with a worker, 64 WebSockets that echo 16 B: a half of 128 KiB takes 0.17 ms, 43 times a
 * second at 100,000 messages a second; p99 as without a log, within the noise. Not better: writes of 8, 16 or 32 KiB with
 * sched_yield(2) or a sleep after each (this thread's CPU per line doubles), nice 5 or 10, halves that are handed over when
 * the answers of the batch are sent, no size limit. With 16 messages in flight on each, p99 is 1.3 to 1.7 of that without a
 * log: lines are then a tenth to a quarter of the server's CPU.
 */

import { countLines, EAGAIN, errnoName, errnoText, type LogFile } from "../os/logs.ts";
import { LogControl, type LogReader, logReadersOf } from "../ring/logs.ts";

/** Milliseconds until the next attempt after an error … */
const RETRY = 1000;
/** … and after EAGAIN. */
const RETRY_SOON = 50;

/** What a writer works with. */
export interface LogWriterParts {
  readonly file: Pick<LogFile, "write" | "reopen" | "endsWithinLine">;
  /** The log's name in warnings: `log /tmp/async-deno.log`. */
  readonly title: string;
  /** From `createLogMemory`. */
  readonly memory: SharedArrayBuffer;
  /** A warning for the operator. */
  warn(text: string): void;
  /** This many lines were dropped, because the file could not be written. */
  dropped(lines: number): void;
  /** The file was reopened by its name, or could not be: then the error, and the old file stays in use. */
  reopened(error: unknown): void;
}

/** The writer of one log. */
export class LogWriter {
  readonly #parts: LogWriterParts;
  readonly #control: LogControl;
  readonly #readers: readonly LogReader[];
  // The reader whose lines are being written: the rest of a torn line must come next.
  #reader: LogReader | null = null;
  #turn = 0;
  #failing = false;

  constructor(parts: LogWriterParts) {
    const { memory } = parts;
    this.#parts = parts;
    this.#control = new LogControl(memory);
    this.#readers = logReadersOf(memory);
    // A writer that died may have left a torn line.
    this.#reader = this.#readers.find((reader) => reader.isBegun) ?? null;
  }

  /** Writes until the main thread ends it. Blocks its thread. */
  run(): void {
    while (!this.#control.isAbandoned) {
      if (this.#control.mustReopen) this.#reopen();
      const lines = this.#next();
      if (lines !== null) this.#write(lines);
      else if (this.#control.isFinishing) break;
      else this.#control.sleep(() => this.#hasWork());
    }
  }

  /** Lines of the next thread, in turn, that has handed some over; first the rest of those that were begun. */
  #next(): Uint8Array | null {
    const rest = this.#reader?.take() ?? null;
    if (rest !== null) return rest;
    for (let i = 0; i < this.#readers.length; i++) {
      this.#turn = (this.#turn + 1) % this.#readers.length;
      const reader = this.#readers[this.#turn] ?? null;
      const lines = reader?.take() ?? null;
      if (lines === null) continue;
      this.#reader = reader;
      return lines;
    }
    return null;
  }

  #write(lines: Uint8Array): void {
    const written = this.#parts.file.write(lines);
    if (written <= 0) return this.#failed(-written, lines);
    this.#failing = false;
    // A write that returns late has no owner any more: the main thread has counted its lines as dropped.
    if (!this.#control.isAbandoned) this.#consume(written);
  }

  /** Sleeps until the next attempt. At the end there is none, but for a reader that is only slow. */
  #failed(errno: number, lines: Uint8Array): void {
    if (errno === EAGAIN) return this.#pause(RETRY_SOON);
    this.#warnOnce(errno);
    if (this.#control.isFinishing) this.#drop(lines);
    else this.#pause(RETRY);
  }

  #pause(milliseconds: number): void {
    this.#control.sleep(() => this.#control.mustReopen || this.#control.isFinishing, milliseconds);
  }

  #warnOnce(errno: number): void {
    if (this.#failing) return;
    this.#failing = true;
    const reason = `${errnoText(errno)} (${errnoName(errno)})`;
    this.#parts.warn(
      `cannot write the ${this.#parts.title}: ${reason}; the server continues, ` +
        "lines wait in memory, and further ones are dropped when that is full",
    );
  }

  #reopen(): void {
    const { file, reopened } = this.#parts;
    this.#control.beginReopen();
    const isWithinLine = file.endsWithinLine;
    try {
      file.reopen();
    } catch (error) {
      return reopened(error);
    }
    if (isWithinLine) this.#skipLine();
    reopened(undefined);
  }

  /** The rest of a line whose beginning is in the old file. */
  #skipLine(): void {
    const rest = this.#reader?.take();
    if (rest) this.#drop(rest.subarray(0, rest.indexOf(NEWLINE) + 1));
  }

  #drop(lines: Uint8Array): void {
    this.#parts.dropped(countLines(lines));
    this.#consume(lines.length);
  }

  /** Counts bytes as done. After the last ones of a half it is the next thread's turn. */
  #consume(count: number): void {
    if (this.#reader?.consume(count) === true) this.#reader = null;
  }

  #hasWork(): boolean {
    return this.#control.mustReopen || this.#control.isFinishing ||
      this.#readers.some((reader) => reader.take() !== null);
  }
}

const NEWLINE = 0x0a;
