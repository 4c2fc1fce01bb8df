/**
 * Linux by FFI: the acceptor, the event loop on epoll, its sockets, and the worker that drives them.
 *
 * ```ts
 * import { LinuxOs } from "../os/mod.ts";
 * import { EventLoop } from "./mod.ts";
 * const loop = new EventLoop(new LinuxOs());
 * loop.turn(false); // 0 events: nothing is registered
 * loop.close();
 * ```
 *
 * @module
 */

export { Acceptor, type AcceptorParts } from "./acceptor.ts";
export { EventLoop } from "./event_loop.ts";
export type { Source } from "./io_registry.ts";
export { NativeWorker, type NativeWorkerParts } from "./native_worker.ts";
export { type SocketContext, SocketTransport } from "./socket_transport.ts";
