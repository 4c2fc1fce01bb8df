/**
 * What both transports share: the interfaces Transport, Session and Loop, the outgoing queue, timers, and the
 * task that carries an accepted connection to a worker. It opens no socket and knows no protocol.
 *
 * ```ts
 * import { TimerWheel } from "./mod.ts";
 * const timers = new TimerWheel(0);
 * const timer = timers.timer({ onDeadline: () => console.log("due") });
 * timer.set(10);
 * timers.expire(20);
 * ```
 *
 * @module
 */

export { Admission, type AdmissionLimits, cannotAccept, refusing } from "./admission.ts";
export { ConnectionTask } from "./connection_task.ts";
export { Linger, LINGER_SILENCE } from "./linger.ts";
export type { AlarmClock, Alarms, Deferred, Gatherer, Loop, LoopWatch } from "./loop.ts";
export { LoopPromise } from "./loop_promise.ts";
export { FULL_BYTES, Outgoing, type OutgoingSink } from "./outgoing.ts";
export { type JointSender, OutgoingBatch } from "./outgoing_batch.ts";
export { OutgoingPart, SharedPart } from "./outgoing_part.ts";
export { Spread, type SpreadLoop } from "./spread.ts";
export { NEVER, type Timer, TimerNode, type TimerOwner, TimerWheel } from "./timer_wheel.ts";
export type { Traffic } from "./traffic.ts";
export type { MovedSession, OpenFile, Session, Transport, Unmoved } from "./transport.ts";
