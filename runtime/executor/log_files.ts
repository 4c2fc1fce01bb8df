/**
 * The files that all threads write their logs to.
 *
 * In: the config's targets. Out: a descriptor each, the same in every thread, and their reopening after
 * somebody has renamed the files. Made by the executor, before a thread is started.
 */

import type { Config } from "../config/mod.ts";
import {
  errnoText,
  LinuxOs,
  type Opening,
  openLogFile,
  reopenLogFile,
  SystemError,
} from "../os/mod.ts";

const STDOUT = 1;
const STDERR = 2;

/** A log cannot be opened; its message is for the operator. */
export class LogFileError extends Error {
  override name = "LogFileError";
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

/** Both logs of a server. */
export class LogFiles {
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

  /** Of the event log, or -1. */
  get log(): number {
    return this.#log.descriptor;
  }

  /** Of the access log, or -1. */
  get accessLog(): number {
    return this.#accessLog.descriptor;
  }

  /**
   * Opens the files anew by their names, and goes on at their ends. Where one cannot be opened the old
   * one stays.
   *
   * @throws {LogFileError}
   */
  reopen(): void {
    for (const { descriptor, target, ...named } of [this.#log, this.#accessLog]) {
      if (descriptor > STDERR) told(named, target, () => reopenLogFile(target, descriptor));
    }
  }

  /** Gives the descriptors back. */
  close(): void {
    close(this.#log);
    close(this.#accessLog);
  }
}

function open(of: Omit<LogFile, "descriptor">, opening: Opening): LogFile {
  if (of.target === "off") return { ...of, descriptor: -1 };
  if (of.target === "-") return { ...of, descriptor: STDOUT };
  return { ...of, descriptor: told(of, of.target, () => openLogFile(of.target, opening)) };
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
