/**
 * The worker threads: each turns an event loop over the connections that it took from the ring.
 *
 * `serveThread` makes the present thread one; `worker_thread.ts` is the module that the executor
 * starts, and the model of one with endpoints of its own:
 *
 * ```ts
 * import { DateField } from "../../protocol/mod.ts";
 * import { createRouter } from "../routes/mod.ts";
 * import { serveThread } from "./mod.ts";
 * // The whole of a worker's module; this one would answer 404 to everything.
 * const main = () => serveThread(createRouter([]), new DateField(Date.now()));
 * console.log(typeof main);
 * ```
 *
 * @module
 */

export { DenoWorker, type DenoWorkerParts } from "./deno_worker.ts";
export { serveThread } from "./serve_thread.ts";
export type { RouterLoader, RouterMaker } from "./router_maker.ts";
export { Worker, type WorkerParts } from "./worker.ts";
