/**
 * How many workers there can be at the same time.
 *
 * In: a config. Out: the number for which memory and doorbells are made. It is more than `workers` only with an app: while a worker is
 * blocked by it, another one serves in its place.
 */

import type { Config } from "./server.ts";
import { usesDenoTransport } from "./transport.ts";

/** Workers beside blocked ones. An app that blocks more of them at once is not helped by still more threads. */
const MOST_STAND_INS = 4;
/** As in the layout of the shared memory. */
const MOST_WORKERS = 256;

/** The numbers of workers are below this. */
export function workerSlots(config: Config): number {
  const { app, workers } = config;
  // On Deno's sockets the kernel goes on giving a blocked worker its share of the connections.
  if (app === undefined || usesDenoTransport(config)) return workers;
  return Math.min(workers + Math.min(workers, MOST_STAND_INS), MOST_WORKERS);
}
