/**
 * The second transport: Transport and Loop on `Deno.Conn` and Deno's own event loop, plain or TLS, for TLS and
 * for systems other than Linux. The same sessions run on it as on epoll.
 *
 * ```ts
 * import { DenoLoop } from "./mod.ts";
 * const loop = new DenoLoop();
 * loop.enter();
 * console.log(loop.now === loop.now); // true: `now` is constant within an event
 * loop.leave();
 * loop.close();
 * ```
 *
 * @module
 */

export { DenoLoop } from "./deno_loop.ts";
export { type Conn, DenoTransport, type DenoTransportContext } from "./deno_transport.ts";
export { DenoWorker, type DenoWorkerParts } from "./deno_worker.ts";
