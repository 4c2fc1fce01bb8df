/**
 * Both logs of one thread: who writes them, and by which numbers; of a thread that shares no descriptors
 * with the others, opened for itself: see os/plain_logs.ts.
 *
 * In: the config, and what becomes of an event log that is there. Out: the two logs.
 */

import type { Config } from "../../config/mod.ts";
import { type Opening, type Os, PlainLogs } from "../../os/mod.ts";

const [LOG, ACCESS_LOG] = [0, 1];

/** What a thread writes its logs by. */
export interface ThreadLogs {
  readonly os: Pick<Os, "write" | "epochMilliseconds">;
  /** Of the event log, or -1. */
  readonly log: number;
  /** Of the access log, or -1. */
  readonly accessLog: number;
}

/** Opens them. `opening`: the first of the threads empties the event log. @throws {Deno.errors} */
export function openPlainLogs(
  config: Config,
  opening: Opening,
): ThreadLogs & { readonly os: PlainLogs } {
  const os = new PlainLogs([
    { target: config.log, opening },
    { target: config.monitoring.accessLog, opening: "append" },
  ]);
  return { os, log: os.descriptor(LOG), accessLog: os.descriptor(ACCESS_LOG) };
}
