/**
 * Both logs of a server on the main thread: the shared memory for lines, and the threads that write them.
 *
 * In: the config. Out: the files. If a log drops lines, a warning gives their number, at most once a minute.
 * Contains the main thread's own event log.
 */

import { type Config, workerSlots } from "../config/mod.ts";
import { EventLog, LineStamp } from "../observe/log/mod.ts";
import { type LogFile, type LogFileOptions, openLogFile } from "../os/mod.ts";
import { COLUMN, type Column, createLogMemory, LogBuffer, type SharedState } from "../ring/mod.ts";
import type { LogMemory } from "../thread/mod.ts";
import { LogFileError, logFileError, type LogName, reasonOf } from "./log_file_error.ts";
import { LogThread } from "./log_thread_handle.ts";

/** Milliseconds between two warnings about dropped lines … */
const WARN_INTERVAL = 60_000;
/** … and from the first dropped line to the first warning, so that it gives a useful number. */
const WARN_DELAY = 1_000;
/** Milliseconds until the main thread's lines are handed over, if the writer has not written the last ones yet. */
const HAND_OVER_INTERVAL = 100;

/** The parts of the logs. */
export interface ServerLogsParts {
  readonly config: Config;
  readonly state: SharedState;
  /** Whether the event log begins as a new file, and the lines of the last run are kept in another file. */
  readonly keepsLast: boolean;
  /** A warning for the operator, not through the log: that may be what failed. */
  warn(text: string): void;
}

/** One log that is enabled. */
interface OpenLog extends LogName {
  readonly memory: SharedArrayBuffer;
  /** Open only if the thread writes it by its descriptor. */
  readonly file: LogFile;
  readonly thread: LogThread;
  /** The counter of dropped lines. */
  readonly column: Column;
  /** Dropped lines that warnings have reported. */
  reported: number;
  /** The earliest time of the next warning; NaN: no line was dropped yet. */
  warnAt: number;
}

/** The logs of one server. */
export class ServerLogs {
  /** The memory that threads write their lines to. */
  readonly memory: LogMemory;
  // The event log of the main thread.
  readonly #log: EventLog;
  readonly #parts: ServerLogsParts;
  readonly #logs: readonly OpenLog[];
  #warnTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #handOverTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #finished: Promise<void> | null = null;

  /** Opens both logs. @throws {LogFileError} */
  constructor(parts: ServerLogsParts) {
    this.#parts = parts;
    const { log, logBytes: limit, logFormat, monitoring: { accessLog } } = parts.config;
    const events = this.#open(
      { name: "log", flag: "log", target: log, column: COLUMN.logLinesDropped },
      { limit, keepsLast: parts.keepsLast },
    );
    const access = {
      name: "access log",
      flag: "access-log",
      target: accessLog,
      column: COLUMN.accessLogLinesDropped,
    };
    const accesses = this.#open(access, { limit: 0, keepsLast: false });
    this.#logs = [events, accesses].filter((open) => open !== null);
    this.memory = { events: events?.memory ?? null, accesses: accesses?.memory ?? null };
    const clock = new LineStamp({
      now: () => performance.now(),
      epochMilliseconds: Date.now,
      writer: logFormat === "seed" ? null : "main",
    });
    this.#log = new EventLog(events && this.#ownBuffer(events), clock);
  }

  /** What {@link ServerLogs.reopen} reopens, for the operator: `the access log FILE, reopened`. */
  get reopened(): string[] {
    const files = this.#logs.filter(({ target }) => target !== "-");
    return files.map(({ name, target }) => `the ${name} ${target}, reopened`);
  }

  /** Adds a line of the main thread to the event log. */
  note(text: string): void {
    this.#log.note("EXECUTOR", text);
    this.#handOver();
  }

  /** Creates the threads that write; fulfilled when they are loaded, and have the descriptors that they need. */
  async load(): Promise<void> {
    await Promise.all(this.#logs.map(({ thread }) => thread.load()));
  }

  /** Begins to write. Called when all other threads are loaded: these ones block. */
  start(): void {
    for (const { thread } of this.#logs) thread.start();
  }

  /** Takes over the lines of a worker that died. */
  salvage(worker: number): void {
    for (const { thread } of this.#logs) thread.salvage(worker);
  }

  /** Called when a thread has dropped lines: warns now, or when the interval is over. */
  warnOfDropped(): void {
    const now = performance.now();
    let next = Infinity;
    for (const open of this.#logs) {
      if (this.#parts.state.total(open.column) === open.reported) continue;
      if (Number.isNaN(open.warnAt)) open.warnAt = now + WARN_DELAY;
      if (open.warnAt <= now) this.#warnOf(open);
      else next = Math.min(next, open.warnAt);
    }
    if (next === Infinity) return;
    this.#warnTimer ??= setTimeout(() => {
      this.#warnTimer = undefined;
      this.warnOfDropped();
    }, next - now);
  }

  /**
   * Reopens the files by their names, and appends to them. If one cannot be opened, its old file stays in
   * use; the other is reopened nevertheless.
   *
   * @throws {LogFileError}
   */
  async reopen(): Promise<void> {
    const faults = await Promise.all(this.#logs.map(async (open) => {
      const reason = await open.thread.reopen();
      return reason === null ? [] : [logFileError(open, reason).message];
    }));
    if (faults.flat().length > 0) throw new LogFileError(faults.flat().join("; "));
  }

  /** Writes the remaining lines, for at most half a second, and closes the files. Called after all threads have ended. */
  finish(): Promise<void> {
    return this.#finished ??= this.#finish();
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#handOverTimer);
    this.#log.close();
    await Promise.all(this.#logs.map(async ({ file, thread }) => {
      const hasEnded = await thread.finish();
      if (hasEnded && file.descriptor !== undefined) file.close();
    }));
    clearTimeout(this.#warnTimer);
    for (const open of this.#logs) this.#warnOf(open);
  }

  /** Lines that come while the writer has the last ones, or before it writes, are handed over later. */
  #handOver(): void {
    this.#log.flush();
    if (!this.#log.pending) return;
    this.#handOverTimer ??= setTimeout(() => {
      this.#handOverTimer = undefined;
      this.#handOver();
    }, HAND_OVER_INTERVAL);
  }

  #open(
    log: Pick<OpenLog, "name" | "flag" | "target" | "column">,
    { limit, keepsLast }: Pick<LogFileOptions, "limit" | "keepsLast">,
  ): OpenLog | null {
    const { target, column } = log;
    if (target === "off") return null;
    const file = openFile(log, { target, limit, keepsLast });
    const { descriptor } = file;
    if (descriptor === undefined) file.close(); // opened for its errors, and to keep the last file
    const title = `${log.name} ${target === "-" ? "to standard output" : target}`;
    const memory = createLogMemory(workerSlots(this.#parts.config) + 1);
    const thread = new LogThread({
      start: { target, limit, title, memory, ...(descriptor === undefined ? {} : { descriptor }) },
      warn: this.#parts.warn,
      dropped: (lines) => {
        this.#count(column, lines);
        this.warnOfDropped();
      },
    });
    return { ...log, memory, file, thread, reported: 0, warnAt: NaN };
  }

  #ownBuffer({ memory, column }: OpenLog): LogBuffer {
    return new LogBuffer(
      memory,
      workerSlots(this.#parts.config),
      (lines) => this.#count(column, lines),
    );
  }

  #count(column: Column, lines: number): void {
    const { state } = this.#parts;
    state.counters(state.mainBlock).add(column, lines);
  }

  #warnOf(open: OpenLog): void {
    const total = this.#parts.state.total(open.column);
    const lines = total - open.reported;
    if (lines === 0) return;
    open.reported = total;
    open.warnAt = performance.now() + WARN_INTERVAL;
    const where = open.target === "-" ? "standard output" : open.target;
    this.#parts.warn(
      `${lines} line${lines === 1 ? "" : "s"} of the ${open.name} dropped: ` +
        `${where} cannot be written as fast as lines come; check its reader or disk`,
    );
  }
}

/** @throws {LogFileError} */
function openFile(log: LogName, options: Omit<LogFileOptions, "emptied">): LogFile {
  try {
    return openLogFile({ ...options, emptied: () => {} });
  } catch (error) {
    throw logFileError(log, reasonOf(error));
  }
}
