/**
 * Both logs of a server, as the main thread has them: memory for the lines of all threads, and their writers.
 *
 * In: the config, and what threads tell. Out: the files. A log that drops lines is told to the operator once a
 * minute, with how many. The main thread has an event log of its own here.
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

/** How often the operator is told of dropped lines, in milliseconds … */
const TELL_AGAIN = 60_000;
/** … and how long after the first of them: by then there are many. */
const TELL_FIRST = 1_000;

/** A log cannot be opened; its message is for the operator. */
export class LogFileError extends Error {
  override name = "LogFileError";
}

/** What the logs are made with. */
export interface ServerLogsParts {
  readonly config: Config;
  readonly state: SharedState;
  /** Something for the operator: the log that it is about may not take it. */
  warn(text: string): void;
}

/** One log that is on. */
interface OpenLog {
  readonly memory: SharedArrayBuffer;
  readonly writer: LogWriter;
  /** `log`, `access log`: as the operator calls it. */
  readonly name: string;
  readonly flag: string;
  readonly target: string;
  /** Where threads count the lines that they drop. */
  readonly column: Column;
  /** Dropped lines that the operator has been told of. */
  told: number;
  /** When there is more to tell, at the earliest; NaN: there was nothing yet. */
  tellAt: number;
}

/** The logs of one server. */
export class ServerLogs {
  /** What the threads write their lines to. */
  readonly memory: LogMemory;
  /** The main thread's own. */
  readonly log: EventLog;
  readonly #parts: ServerLogsParts;
  readonly #logs: readonly OpenLog[];
  #tellTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #finished: Promise<void> | null = null;

  /** Opens both. @throws {LogFileError} */
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

  /** Paths of what is written, for the operator. */
  get files(): string[] {
    return this.#logs.map(({ target }) => target).filter((target) => target !== "-");
  }

  /** A thread has handed lines over, or dropped some. */
  wake(): void {
    for (const { writer } of this.#logs) writer.wake();
    this.#tellDropped();
  }

  /** Takes over the lines of a worker that died. */
  salvage(worker: number): void {
    for (const { writer } of this.#logs) writer.salvage(worker);
  }

  /**
   * Opens the files anew by their names, and goes on at their ends. Where one cannot be opened its old one
   * stays; the other is opened all the same.
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

  /** Writes what there is, if that can be done soon, and closes the files: the threads have ended. */
  finish(): Promise<void> {
    return this.#finished ??= this.#finish();
  }

  async #finish(): Promise<void> {
    this.log.close();
    await Promise.all(this.#logs.map(({ writer }) => writer.finish()));
    clearTimeout(this.#tellTimer);
    for (const open of this.#logs) this.#tell(open);
  }

  #open(
    log: Pick<OpenLog, "name" | "flag" | "target" | "column">,
    how: Pick<LogFileOptions, "limit" | "keepsLast">,
  ): OpenLog | null {
    const { config, state, warn } = this.#parts;
    if (log.target === "off") return null;
    const title = `${log.name} ${log.target === "-" ? "to standard output" : log.target}`;
    const emptied = (reason: string) =>
      warn(`the ${title} was emptied at --log-size, as it cannot be renamed: ${reason}`);
    const file = openFile(log, { ...how, target: log.target, emptied });
    const threads = config.workers + 1;
    const memory = createLogMemory(threads);
    const dropped = (lines: number) => state.counters(state.mainBlock).add(log.column, lines);
    const writer = new LogWriter({ file, title, memory, threads, warn, dropped });
    return { ...log, memory, writer, told: 0, tellAt: NaN };
  }

  #ownBuffer({ memory, writer, column }: OpenLog): LogBuffer {
    const { config: { workers }, state } = this.#parts;
    const watcher: LogBufferWatcher = {
      handedOver: () => writer.wake(),
      dropped: (lines) => state.counters(state.mainBlock).add(column, lines),
    };
    return new LogBuffer(memory, workers, watcher);
  }

  /** Sees whether lines were dropped, and has it told when it is time. */
  #tellDropped(): void {
    const now = performance.now();
    let next = Infinity;
    for (const open of this.#logs) {
      if (this.#parts.state.total(open.column) === open.told) continue;
      if (Number.isNaN(open.tellAt)) open.tellAt = now + TELL_FIRST;
      if (open.tellAt <= now) this.#tell(open);
      else next = Math.min(next, open.tellAt);
    }
    if (next === Infinity) return;
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      this.#tellDropped();
    }, next - now);
  }

  #tell(open: OpenLog): void {
    const total = this.#parts.state.total(open.column);
    const lines = total - open.told;
    if (lines === 0) return;
    open.told = total;
    open.tellAt = performance.now() + TELL_AGAIN;
    const where = open.target === "-" ? "standard output" : open.target;
    this.#parts.warn(
      `${lines} line${lines === 1 ? "" : "s"} of the ${open.name} dropped: ` +
        `${where} does not take them as fast as they come`,
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

/** Says of a failure which log it was, and what to do. */
function asLogFileError(
  { name, flag, target }: Pick<OpenLog, "name" | "flag" | "target">,
  error: unknown,
): LogFileError {
  if (!(error instanceof Error)) throw error;
  const reason = error instanceof SystemError ? errnoText(error.errno) : error.message;
  return new LogFileError(
    `cannot write the ${name} ${target}: ${reason}; name another with --${flag}`,
  );
}
