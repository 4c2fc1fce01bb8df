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
 * serveThread(createRouter([]), new DateField(Date.now())); // answers 404 to everything, once started
 * ```
 *
 * @module
 */

export { serveThread } from "./serve_thread.ts";
export { Worker, type WorkerParts } from "./worker.ts";
