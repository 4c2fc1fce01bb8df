/**
 * Linux by FFI: the event loop on epoll, its sockets, and the worker that drives them. The acceptor runs in a
 * thread of its own, which loads none of these modules: see acceptor_thread.ts.
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

export { EventLoop } from "./event_loop.ts";
export type { Source } from "./io_registry.ts";
export { NativeWorker, type NativeWorkerParts } from "./native_worker.ts";
export { ringMemoryBytes } from "./ring_sender.ts";
export { type SocketContext, SocketTransport } from "./socket_transport.ts";
export { rehearse, type RehearsedChannels } from "./rehearsal.ts";
export type { RehearsedPaths } from "./rehearsal_talks.ts";
export { warmUp } from "./warm_up.ts";
