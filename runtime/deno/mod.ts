/**
 * The second transport: connections of Deno instead of descriptors, plain or TLS, on Deno's own
 * event loop. The same sessions run on it as on epoll.
 *
 * ```ts
 * import { DenoLoop } from "./mod.ts";
 * const loop = new DenoLoop();
 * loop.enter();
 * console.log(loop.now === loop.now); // true: the time stands still within an event
 * loop.leave();
 * loop.close();
 * ```
 *
 * @module
 */

export { DenoLoop } from "./deno_loop.ts";
export { type Conn, DenoTransport, type DenoTransportContext } from "./deno_transport.ts";
export { DenoWorker, type DenoWorkerParts } from "./deno_worker.ts";
