/**
 * The main thread's side of the thread that writes one log.
 *
 * In: the log's file and its memory; orders to reopen the file and to end. Out: a running thread, also after one died:
 * the next one continues where it stopped. Lines that threads hand over while there is no writer wait in the memory.
 * Nothing here waits for a disk.
 */

import { countLines } from "../os/mod.ts";
import { LogControl, type LogReader, logReadersOf } from "../ring/mod.ts";
import type { LogStart } from "../thread/mod.ts";
import { canStartThread } from "./descriptor_budget.ts";
import { Thread, type ThreadEnd } from "./thread_handle.ts";

/** Milliseconds to write the last lines: together with the drain, less than the 10 s of a stop. */
const LAST_WAIT = 500;
/** Milliseconds in which a file is reopened, unless the disk or a reader holds the writer up. */
const REOPEN_WAIT = 2_000;
/** Milliseconds until a thread that died is replaced. */
const RESTART = 1_000;

/** The parts of a log's thread. */
export interface LogThreadParts {
  /** Without a descriptor, if the thread opens the file by its name. */
  readonly start: LogStart;
  /** A warning for the operator. */
  warn(text: string): void;
  /** This many lines were dropped, because the file could not be written. */
  dropped(lines: number): void;
}

/** The thread that writes one log. */
export class LogThread {
  readonly #parts: LogThreadParts;
  readonly #control: LogControl;
  readonly #readers: readonly LogReader[];
  #thread: Thread | null = null;
  #started = false;
  #finishing = false;
  #restart: ReturnType<typeof setTimeout> | undefined = undefined;
  #reopened: ((fault: string | null) => void) | null = null;
  readonly #ended = Promise.withResolvers<void>();

  constructor(parts: LogThreadParts) {
    const { memory } = parts.start;
    this.#parts = parts;
    this.#control = new LogControl(memory);
    this.#readers = logReadersOf(memory);
  }

  /** Creates the thread; fulfilled when it is loaded, and has the descriptors that it needs. */
  load(): Promise<void> {
    this.#thread ??= this.#create();
    return this.#thread.loaded;
  }

  /** Begins to write: from now on the thread blocks. Called when all other threads are loaded. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#startThread();
  }

  /** Takes over the lines of a thread of the server that died. */
  salvage(block: number): void {
    this.#readers[block]?.salvage();
    this.#control.wake();
  }

  /** Reopens the file by its name. Fulfilled with the reason if that failed: the old file stays in use. */
  async reopen(): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#reopened = resolve;
    this.#control.requestReopen();
    const timer = setTimeout(
      () => resolve("a write does not return; it is reopened when it does"),
      REOPEN_WAIT,
    );
    const fault = await promise;
    clearTimeout(timer);
    return fault;
  }

  /**
   * Writes the lines that were handed over, for at most half a second, and ends. Called after all other threads have
   * ended.
   *
   * @returns whether the thread has ended; otherwise a write hangs, and the thread ends when that returns
   */
  async finish(): Promise<boolean> {
    this.#finishing = true;
    clearTimeout(this.#restart);
    this.#control.finish();
    await this.load().catch(() => {}); // a server that stops while it starts has lines, too
    this.start();
    if (this.#thread?.hasEnded === true) this.#ended.resolve();
    const timer = setTimeout(this.#ended.resolve, LAST_WAIT);
    await this.#ended.promise;
    clearTimeout(timer);
    this.#thread?.dismiss();
    // What is left is never written: a write hangs, or the thread has died.
    this.#control.abandon();
    const left = this.#readers.flatMap((reader) => reader.unwritten());
    this.#parts.dropped(left.reduce((lines, half) => lines + countLines(half), 0));
    return this.#thread?.hasEnded !== false;
  }

  #create(): Thread {
    const { warn, dropped } = this.#parts;
    const { title } = this.#parts.start;
    return new Thread(new URL("./log_thread.ts", import.meta.url), `writer of the ${title}`, {
      warn,
      unwritten: dropped,
      reopened: (fault) => this.#reopened?.(fault),
      ended: (end) => this.#threadEnded(end),
    });
  }

  #startThread(): void {
    const thread = this.#thread;
    const ready = thread?.loaded.then(() => thread.start(this.#parts.start));
    ready?.catch(() => {}); // `ended` reports it
  }

  #threadEnded({ error }: ThreadEnd): void {
    if (this.#finishing) return this.#ended.resolve();
    const { warn, start: { title } } = this.#parts;
    warn(`the thread that writes the ${title} died: ${error}; another one is started`);
    this.#restartLater();
  }

  #restartLater(): void {
    this.#restart = setTimeout(() => {
      // Deno ends the process if a thread gets no descriptor.
      if (!canStartThread()) return this.#restartLater();
      this.#thread = this.#create();
      if (this.#started) this.#startThread();
    }, RESTART);
  }
}
