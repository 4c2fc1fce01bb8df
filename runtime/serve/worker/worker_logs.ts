/**
 * Both logs of one worker: the event log, and the access log if there is one.
 *
 * In: the memory that the worker shares with the threads that write the files. Out: both logs, handed over
 * together. Lines that do not fit are counted, and the main thread is told.
 */

import type { Config } from "../../config/mod.ts";
import type { Loop } from "../../net/mod.ts";
import { AccessLog, EventLog, LineStamp } from "../../observe/log/mod.ts";
import { COLUMN, type Column, type Counters, LogBuffer } from "../../ring/mod.ts";
import type { LogMemory, ThreadMessage } from "../../thread/mod.ts";

/** Milliseconds that a line may wait; with a tick of the timer wheel, less than a quarter of a second. */
export const LOG_AGE = 100;
/** Dropped lines between two messages to the main thread, which warns the operator once a minute. */
const LINES_A_NOTICE = 1000;

/** What the logs are made with. */
export interface WorkerLogsParts {
  readonly memory: LogMemory;
  readonly config: Config;
  readonly loop: Loop;
  /** The loop's time, also in promises. */
  readonly now: () => number;
  /** Number of the worker. */
  readonly worker: number;
  readonly counters: Counters;
  /** Sends a message to the main thread. */
  post(message: ThreadMessage): void;
}

/** The logs of one worker. */
export class WorkerLogs {
  readonly log: EventLog;
  /** Null if --access-log is off. */
  readonly accessLog: AccessLog | null;
  readonly #parts: WorkerLogsParts;

  constructor(parts: WorkerLogsParts) {
    this.#parts = parts;
    const { memory, config, loop, worker } = parts;
    const clock = new LineStamp({
      now: parts.now,
      epochMilliseconds: () => loop.os.epochMilliseconds(),
      writer: config.logFormat === "seed" ? null : `w${worker}`,
    });
    this.log = new EventLog(this.#buffer(memory.events, COLUMN.logLinesDropped), clock);
    const lines = this.#buffer(memory.accesses, COLUMN.accessLogLinesDropped);
    const format = config.monitoring.accessLogFormat;
    this.accessLog = lines === null ? null : new AccessLog({ lines, clock, format, worker });
  }

  /** Whether lines wait to be handed over. */
  get pending(): boolean {
    return this.log.pending || (this.accessLog !== null && this.accessLog.pending);
  }

  /** Hands over the waiting lines. */
  flush(): void {
    this.log.flush();
    this.accessLog?.flush();
  }

  /** Hands over the waiting lines and closes both logs, at the worker's end. */
  close(): void {
    this.log.close();
    this.accessLog?.close();
  }

  #buffer(memory: SharedArrayBuffer | null, column: Column): LogBuffer | null {
    if (memory === null) return null;
    const { worker, counters, post } = this.#parts;
    let unreported = 0;
    return new LogBuffer(memory, worker, (lines) => {
      counters.add(column, lines);
      if (unreported === 0) post({ type: "dropped" });
      unreported = unreported < LINES_A_NOTICE ? unreported + lines : 0;
    });
  }
}
