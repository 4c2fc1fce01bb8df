/**
 * Both logs of a server on the main thread: the shared memory for lines, and the writers.
 *
 * In: the config, and messages that threads have lines. Out: the files. If a log drops lines, a warning gives
 * their number, at most once a minute. Contains the main thread's own event log.
 */

import type { Config } from "../config/mod.ts";
import { EventLog, LineClock } from "../observe/log/mod.ts";
import {
  errnoText,
  hasLibc,
  LinuxLogFile,
  type LogFile,
  type LogFileOptions,
  PortableLogFile,
  SystemError,
} from "../os/mod.ts";
import {
  COLUMN,
  type Column,
  createLogMemory,
  LogBuffer,
  type LogBufferWatcher,
  type SharedState,
} from "../ring/mod.ts";
import type { LogMemory } from "../thread/mod.ts";
import { LogWriter } from "./log_writer.ts";

/** Milliseconds between two warnings about dropped lines … */
const WARN_INTERVAL = 60_000;
/** … and from the first dropped line to the first warning, so that it gives a useful number. */
const WARN_DELAY = 1_000;

/** A log cannot be opened; the message is for the operator. */
export class LogFileError extends Error {
  override name = "LogFileError";
}

/** The parts of the logs. */
export interface ServerLogsParts {
  readonly config: Config;
  readonly state: SharedState;
  /** A warning for the operator, not through the log: that may be what failed. */
  warn(text: string): void;
}

/** One log that is enabled. */
interface OpenLog {
  readonly memory: SharedArrayBuffer;
  readonly writer: LogWriter;
  /** Its name in messages: `log`, `access log`. */
  readonly name: string;
  readonly flag: string;
  readonly target: string;
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
  /** The event log of the main thread. */
  readonly log: EventLog;
  readonly #parts: ServerLogsParts;
  readonly #logs: readonly OpenLog[];
  #warnTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #finished: Promise<void> | null = null;

  /** Opens both logs. @throws {LogFileError} */
  constructor(parts: ServerLogsParts) {
    this.#parts = parts;
    const { log, logBytes: limit, logFormat, monitoring: { accessLog } } = parts.config;
    const events = this.#open(
      { name: "log", flag: "log", target: log, column: COLUMN.logLinesDropped },
      { limit, keepsLast: true },
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
    const clock = new LineClock({
      loop: {
        get now() {
          return performance.now();
        },
      },
      epochMilliseconds: Date.now,
      writer: logFormat === "seed" ? null : "main",
    });
    this.log = new EventLog(events && this.#ownBuffer(events), clock);
  }

  /** What {@link ServerLogs.reopen} reopens, for the operator: `the access log FILE, reopened`. */
  get reopened(): string[] {
    const files = this.#logs.filter(({ target }) => target !== "-");
    return files.map(({ name, target }) => `the ${name} ${target}, reopened`);
  }

  /** Called when a thread has handed lines over, or dropped some. */
  wake(): void {
    for (const { writer } of this.#logs) writer.wake();
    this.#warnOfDropped();
  }

  /** Takes over the lines of a worker that died. */
  salvage(worker: number): void {
    for (const { writer } of this.#logs) writer.salvage(worker);
  }

  /**
   * Reopens the files by their names, and appends to them. If one cannot be opened, its old file stays in
   * use; the other is reopened nevertheless.
   *
   * @throws {LogFileError}
   */
  reopen(): void {
    const faults = this.#logs.flatMap((open) => {
      try {
        open.writer.reopen();
        return [];
      } catch (error) {
        return [asLogFileError(open, error).message];
      }
    });
    if (faults.length > 0) throw new LogFileError(faults.join("; "));
  }

  /** Writes the remaining lines, for at most half a second, and closes the files. Called after all threads have ended. */
  finish(): Promise<void> {
    return this.#finished ??= this.#finish();
  }

  async #finish(): Promise<void> {
    this.log.close();
    await Promise.all(this.#logs.map(({ writer }) => writer.finish()));
    clearTimeout(this.#warnTimer);
    for (const open of this.#logs) this.#warnOf(open);
  }

  #open(
    log: Pick<OpenLog, "name" | "flag" | "target" | "column">,
    options: Pick<LogFileOptions, "limit" | "keepsLast">,
  ): OpenLog | null {
    const { config, state, warn } = this.#parts;
    if (log.target === "off") return null;
    const title = `${log.name} ${log.target === "-" ? "to standard output" : log.target}`;
    const emptied = (reason: string) =>
      warn(`the ${title} was emptied at --log-size, because it cannot be renamed: ${reason}`);
    const file = openFile(log, { ...options, target: log.target, emptied });
    const threads = config.workers + 1;
    const memory = createLogMemory(threads);
    const dropped = (lines: number) => state.counters(state.mainBlock).add(log.column, lines);
    const writer = new LogWriter({ file, title, memory, threads, warn, dropped });
    return { ...log, memory, writer, reported: 0, warnAt: NaN };
  }

  #ownBuffer({ memory, writer, column }: OpenLog): LogBuffer {
    const { config: { workers }, state } = this.#parts;
    const watcher: LogBufferWatcher = {
      handedOver: () => writer.wake(),
      dropped: (lines) => state.counters(state.mainBlock).add(column, lines),
    };
    return new LogBuffer(memory, workers, watcher);
  }

  /** Checks whether lines were dropped, and warns now or when the interval is over. */
  #warnOfDropped(): void {
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
      this.#warnOfDropped();
    }, next - now);
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

function openFile(
  log: Pick<OpenLog, "name" | "flag" | "target">,
  options: LogFileOptions,
): LogFile {
  try {
    return hasLibc() ? new LinuxLogFile(options) : new PortableLogFile(options);
  } catch (error) {
    throw asLogFileError(log, error);
  }
}

/** An error that says which log failed, why, and what to do. */
function asLogFileError(
  { name, flag, target }: Pick<OpenLog, "name" | "flag" | "target">,
  error: unknown,
): LogFileError {
  if (!(error instanceof Error)) throw error;
  const reason = error instanceof SystemError ? errnoText(error.errno) : error.message;
  return new LogFileError(
    `cannot write the ${name} ${target}: ${reason}; choose another with --${flag}`,
  );
}
