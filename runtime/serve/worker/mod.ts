/**
 * The part of a worker thread that both transports share: logs, counters, endpoints.
 *
 * ```ts
 * import type { RouterLoader } from "./mod.ts";
 * import { createRouter } from "../routes/mod.ts";
 * // Answers 404 to everything, whatever the config.
 * const load: RouterLoader = () => Promise.resolve(() => createRouter([]));
 * console.log(typeof load);
 * ```
 *
 * @module
 */

export { type GivenAtStart, type RouterLoader, type RouterMaker } from "./router_maker.ts";
export { SleepMeter } from "./sleep_meter.ts";
export { noteTlsRefusal } from "./tls_refusal.ts";
export { TrafficCounter } from "./traffic_counter.ts";
export type { SocketMemory } from "./worker_memory.ts";
export { type WorkerConnection, WorkerCore, type WorkerParts } from "./worker_core.ts";
