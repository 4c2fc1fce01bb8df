/**
 * What sessions and transports need from their thread's loop: the time, deadlines, and a call in a later turn.
 *
 * `EventLoop` is the implementation on epoll, which runs by itself. `DenoLoop` is the implementation that
 * Deno's own event loop drives. A session does not know which one it has.
 */

import type { Os } from "../os/mod.ts";
import type { TimerWheel } from "./timer_wheel.ts";

/** Has more to do than fits one turn. */
export interface Deferred {
  /** Called once, in the next turn. */
  onTurn(): void;
}

/** Collects what the events of one batch produce, to send it together. */
export interface Gatherer {
  /** Called at the end of each batch, and before each wait. */
  flush(): void;
  /** When it is to be called again, in the loop's milliseconds, if nothing else happens; absent, Infinity: then it is not. */
  readonly flushBy?: number;
}

/** What serves {@link Alarms}. */
export interface AlarmClock {
  /** Milliseconds of a clock that is never set back, with a fraction. */
  now(): number;
  /** `next` is earlier than it was, in so many milliseconds: a wait that has begun must end by then. */
  sooner(milliseconds: number): void;
}

/** Timers with a precision of their own, besides the wheel. */
export interface Alarms {
  /** When the first one is due; Infinity: there is none. */
  readonly next: number;
  /** Calls those that are due, and returns how many. */
  expire(now: number): number;
  /** From now on the loop serves them by this clock; null: no longer. */
  serve(clock: AlarmClock | null): void;
}

/** Is notified when the loop begins and ends a wait. */
export interface LoopWatch {
  /** The loop is about to wait. */
  sleeping(): void;
  /** The wait ended at `now`. */
  woke(now: number): void;
}

/** A thread's loop: its clock, its deadlines, and its later turns. */
export interface Loop {
  /** Milliseconds of a clock that is never set back; constant within one turn. */
  readonly now: number;
  /** The deadlines of this thread. */
  readonly timers: TimerWheel;
  /** The wall clock, for the Date field, and the clock of `now` with microsecond precision. */
  readonly os: Pick<Os, "epochMilliseconds" | "preciseMilliseconds">;
  /** Calls `deferred` in a later turn, after the events that became ready in the meantime. */
  defer(deferred: Deferred): void;
  /** From now on, calls `gatherer.flush` at the end of each batch. */
  gather(gatherer: Gatherer): void;
}
