/**
 * What the sessions of a worker share, made from what the worker has: the same for both transports.
 *
 * In: the worker's config, loop, logs and counters, and who answers. Out: a context, with an observer where
 * somebody wants to know how requests fare.
 */

import type { DateField, MessageBufferPool } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Loop, OutgoingBatch } from "../../net/mod.ts";
import type { Counters } from "../../ring/mod.ts";
import type { Warnings } from "../../thread/mod.ts";
import { RequestObserver, type Router, SessionContext } from "../session/mod.ts";
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
  readonly outgoing: OutgoingBatch;
}

/** Whether somebody wants to know how requests fare: who serves metrics, or reads the access log. */
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
