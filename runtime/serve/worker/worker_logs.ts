/**
 * What one worker writes down: the event log, and the access log where there is one.
 *
 * In: descriptors, and who writes to them. Out: both logs, flushed together. A log that cannot be written
 * is told to the operator once, and its lost bytes are counted.
 */

import type { Config } from "../../config/mod.ts";
import { AccessLog, Log, type LogFailure, type ThreadLogs } from "../../observe/log/mod.ts";
import { errnoName } from "../../os/mod.ts";
import { COLUMN, type Counters } from "../../ring/mod.ts";
import type { ThreadMessage } from "../../thread/mod.ts";

/** Milliseconds that a line may wait: with a tick of the wheel, under a quarter second. */
export const LOG_AGE = 100;

/** What the logs are made with. */
export interface WorkerLogsParts {
  readonly logs: ThreadLogs;
  readonly config: Config;
  /** Number of the worker. */
  readonly worker: number;
  readonly counters: Counters;
  /** Tells the main thread. */
  post(message: ThreadMessage): void;
}

/** The logs of one worker. */
export class WorkerLogs {
  readonly log: Log;
  /** Null where nobody wants it. */
  readonly accessLog: AccessLog | null;
  readonly #parts: WorkerLogsParts;

  constructor(parts: WorkerLogsParts) {
    this.#parts = parts;
    const { logs: { os, log, accessLog }, config, worker } = parts;
    this.log = new Log(os, log, this.#failure("log"));
    this.accessLog = accessLog < 0 ? null : new AccessLog({
      os,
      descriptor: accessLog,
      format: config.monitoring.accessLogFormat,
      worker,
      failure: this.#failure("access log"),
    });
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.log.pending || (this.accessLog !== null && this.accessLog.pending);
  }

  /** Writes what waits. */
  flush(): void {
    this.log.flush();
    this.accessLog?.flush();
  }

  #failure(what: string): LogFailure {
    const { counters, post } = this.#parts;
    return {
      failed: (result) => {
        const reason = errnoName(-result);
        const text = `cannot write the ${what}: ${reason}; serving goes on without these lines`;
        post({ type: "warning", text });
      },
      dropped: (bytes) => counters.add(COLUMN.logBytesDropped, bytes),
    };
  }
}
