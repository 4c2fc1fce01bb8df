/**
 * The event loop of one worker: descriptors, deadlines, sockets. It knows no protocol.
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

export { type Deferred, EventLoop, type Gatherer, type LoopWatch } from "./event_loop.ts";
export type { Source } from "./io_registry.ts";
export type { Loop } from "./loop.ts";
export {
  LINGER_BYTES,
  LINGER_MILLISECONDS,
  type SocketContext,
  SocketTransport,
  type Traffic,
} from "./socket_transport.ts";
export { NEVER, type Timer, TimerNode, type TimerOwner, TimerWheel } from "./timer_wheel.ts";
export type { OpenFile, Session, Transport, WriteOptions } from "./transport.ts";
