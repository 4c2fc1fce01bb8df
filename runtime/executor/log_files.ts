/**
 * The files that all threads write their logs to.
 *
 * In: the config's targets. Out: a descriptor each, the same in every thread, and their reopening after
 * somebody has renamed the files. Made by the executor, before a thread is started. Where there is no
 * libc each thread opens the files for itself, and is told to do so again.
 */

import type { Config } from "../config/mod.ts";
import { openPlainLogs } from "../observe/log/mod.ts";
import {
  errnoText,
  hasLibc,
  LinuxOs,
  type Opening,
  openLogFile,
  type Os,
  reopenLogFile,
  SystemError,
} from "../os/mod.ts";

const STDOUT = 1;
const STDERR = 2;

/** A log cannot be opened; its message is for the operator. */
export class LogFileError extends Error {
  override name = "LogFileError";
}

/** Both logs of a server. */
export interface LogFiles {
  /** What the main thread writes by. */
  readonly os: Pick<Os, "write">;
  /** Of the event log, or -1. */
  readonly log: number;
  /** Of the access log, or -1. */
  readonly accessLog: number;
  /** Whether the threads' descriptors are these; else each opens the files for itself. */
  readonly areShared: boolean;
  /**
   * Opens the files anew by their names, and goes on at their ends. Where one cannot be opened its old
   * one stays; the other is opened all the same.
   *
   * @throws {LogFileError}
   */
  reopen(): void;
  /** Gives the descriptors back. */
  close(): void;
}

/** Opens both logs, and empties the event log. @throws {LogFileError} */
export function openLogFiles(config: Config): LogFiles {
  return hasLibc() ? new SharedLogFiles(config) : new OwnLogFiles(config);
}

/** One log. */
interface LogFile {
  /** As the option is called. */
  readonly flag: string;
  /** As the operator calls it. */
  readonly title: string;
  readonly target: string;
  /** -1: there is none. */
  readonly descriptor: number;
}

/** Descriptors that all threads write to. */
class SharedLogFiles implements LogFiles {
  readonly os = new LinuxOs();
  readonly areShared = true;
  readonly #log: LogFile;
  readonly #accessLog: LogFile;

  /** @throws {LogFileError} */
  constructor(config: Config) {
    const { log, monitoring: { accessLog } } = config;
    this.#log = open({ flag: "log", title: "log", target: log }, "empty");
    try {
      const file = { flag: "access-log", title: "access log", target: accessLog };
      this.#accessLog = open(file, "append");
    } catch (error) {
      close(this.#log);
      throw error;
    }
  }

  get log(): number {
    return this.#log.descriptor;
  }

  get accessLog(): number {
    return this.#accessLog.descriptor;
  }

  reopen(): void {
    const faults = [this.#log, this.#accessLog].flatMap((file) => reopened(file) ?? []);
    if (faults.length > 0) throw new LogFileError(faults.join("; "));
  }

  close(): void {
    close(this.#log);
    close(this.#accessLog);
  }
}

/** The main thread's own files, where threads cannot share them. */
class OwnLogFiles implements LogFiles {
  readonly areShared = false;
  readonly #logs: ReturnType<typeof openPlainLogs>;

  /** @throws {LogFileError} */
  constructor(config: Config) {
    this.#logs = toldOfBoth(() => openPlainLogs(config, "empty"));
  }

  get os(): Pick<Os, "write"> {
    return this.#logs.os;
  }

  get log(): number {
    return this.#logs.log;
  }

  get accessLog(): number {
    return this.#logs.accessLog;
  }

  reopen(): void {
    toldOfBoth(() => this.#logs.os.reopen());
  }

  close(): void {
    this.#logs.os.close();
  }
}

function open(of: Omit<LogFile, "descriptor">, opening: Opening): LogFile {
  if (of.target === "off") return { ...of, descriptor: -1 };
  if (of.target === "-") return { ...of, descriptor: STDOUT };
  return { ...of, descriptor: told(of, of.target, () => openLogFile(of.target, opening)) };
}

/** Opens one anew; the answer is why that cannot be, which is no reason to leave the other one. */
function reopened({ descriptor, target, ...named }: LogFile): string | undefined {
  if (descriptor <= STDERR) return undefined;
  try {
    told(named, target, () => reopenLogFile(target, descriptor));
    return undefined;
  } catch (error) {
    if (!(error instanceof LogFileError)) throw error;
    return error.message;
  }
}

function close({ descriptor }: LogFile): void {
  if (descriptor > STDERR) new LinuxOs().close(descriptor);
}

/** Says of a failure which log it was, and what to do. */
function told<T>(of: Pick<LogFile, "flag" | "title">, target: string, deed: () => T): T {
  try {
    return deed();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const reason = errnoText(error.errno);
    throw new LogFileError(
      `cannot write the ${of.title} ${target}: ${reason}; name another with --${of.flag}`,
    );
  }
}

function toldOfBoth<T>(deed: () => T): T {
  try {
    return deed();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new LogFileError(`cannot write a log: ${error.message}; see --log and --access-log`);
  }
}
