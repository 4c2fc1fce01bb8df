/**
 * Makes the session context of a worker, for both transports.
 *
 * In: the worker's config, loop, logs and counters, and its router. Out: a context, with an observer if
 * metrics are served or the access log is on.
 */

import type { DateField, MessageBufferPool } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Loop, OutgoingBatch } from "../../net/mod.ts";
import type { Counters } from "../../ring/mod.ts";
import type { Warnings } from "../../thread/mod.ts";
import {
  type Compression,
  type MemoryBudget,
  RequestObserver,
  type Router,
  SessionContext,
} from "../session/mod.ts";
import type { WorkerLogs } from "./worker_logs.ts";

/** What a context is made from. */
export interface SessionContextParts {
  readonly config: Config;
  readonly loop: Loop;
  readonly logs: WorkerLogs;
  readonly warnings: Warnings;
  readonly counters: Counters;
  readonly router: Router;
  readonly date: DateField;
  readonly messages: MessageBufferPool;
  readonly memory: MemoryBudget;
  readonly outgoing: OutgoingBatch;
  readonly compression: Compression | null;
}

/** Whether requests are observed: for the metrics, or for the access log. */
export function isObserved({ monitoring: { admin, accessLog } }: Config): boolean {
  return admin !== undefined || accessLog !== "off";
}

/** Makes a context; one for each set of endpoints. */
export function sessionContextFor({ logs, ...parts }: SessionContextParts): SessionContext {
  const { config, loop, counters } = parts;
  const { accessLog, log } = logs;
  const observer = isObserved(config)
    ? new RequestObserver({ loop, counters, accessLog, proxy: config.proxy })
    : null;
  return new SessionContext({ ...parts, log, observer });
}
