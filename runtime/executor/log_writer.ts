/**
 * The one writer of a log: brings the lines of all threads to its file.
 *
 * In: halves that threads have handed over (ring/log_buffer.ts), and `wake` when there are some. Out: the file, whole
 * lines, those of one thread in their order. Lives on the main thread and never blocks it: a write is waited for
 * in Deno's pool. Where nothing can be written the lines wait and it is tried again; who hands over more than
 * fits drops lines, counted. So no thread that serves ever waits for a reader of the log, or for a disk.
 */

import { countLines, EAGAIN, errnoName, errnoText, type LogFile } from "../os/mod.ts";
import { LogBufferReader } from "../ring/mod.ts";

/** Milliseconds to the next try after an error … */
const RETRY = 1000;
/** … and where a descriptor that others made not to block takes nothing now. */
const RETRY_SOON = 50;
/** Milliseconds that the last lines may take: with the drain, under the 10 s of a stop. */
const LAST_WAIT = 500;

/** What a writer is made with. */
export interface LogWriterParts {
  readonly file: LogFile;
  /** As the operator calls it: `log /tmp/async-deno.log`. */
  readonly title: string;
  /** Made by `createLogMemory` for `threads` threads. */
  readonly memory: SharedArrayBuffer;
  readonly threads: number;
  /** Something for the operator. */
  warn(text: string): void;
  /** So many lines are lost, as the file took them no more. */
  dropped(lines: number): void;
}

/** The writer of one log. */
export class LogWriter {
  readonly #parts: LogWriterParts;
  readonly #readers: readonly LogBufferReader[];
  readonly #finished = Promise.withResolvers<void>();
  #turn = 0;
  #running: Promise<void> | null = null;
  // What is left of the half in hand.
  #rest: Uint8Array = NOTHING;
  #finishing = false;
  #closed = false;
  #failing = false;
  // The file was changed within a line: its rest belongs to the old one.
  #skipsLine = false;

  constructor(parts: LogWriterParts) {
    const { memory, threads } = parts;
    this.#parts = parts;
    this.#readers = Array.from({ length: threads }, (_, i) => new LogBufferReader(memory, i));
  }

  /** A thread has handed lines over. */
  wake(): void {
    if (this.#closed || this.#running !== null) return;
    // Threads tell of both logs at once: where there is nothing to write, nothing begins.
    if (this.#readers.some((reader) => reader.take() !== null)) this.#running = this.#run();
  }

  /** Takes over the lines of a thread that died. */
  salvage(thread: number): void {
    this.#readers[thread]?.salvage();
    this.wake();
  }

  /** Opens the file anew by its name. @throws {SystemError | Deno.errors} and goes on with the old one */
  reopen(): void {
    const { file } = this.#parts;
    const isWithinLine = file.endsWithinLine;
    file.reopen();
    if (isWithinLine) this.#skipsLine = true;
  }

  /** Writes what there is, if that can be done soon, and closes the file. No thread hands over any more. */
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
    // A write that hangs has the file; it ends when that takes it, or with the process.
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

  /** The next thread in turn that has handed something over. */
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
      else await this.#failed(-written);
      if (this.#skipsLine) this.#skipLine();
    }
  }

  #wrote(count: number): void {
    this.#rest = this.#rest.subarray(count);
    this.#failing = false;
  }

  async #failed(errno: number): Promise<void> {
    const { title, warn } = this.#parts;
    if (errno !== EAGAIN && !this.#failing) {
      this.#failing = true;
      warn(
        `cannot write the ${title}: ${errnoText(errno)} (${errnoName(errno)}); serving goes on, ` +
          "its lines wait and are dropped when there are too many",
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
    // The half in hand is counted: it is the one before #turn.
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
