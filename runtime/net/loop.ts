/**
 * What sessions and transports ask of the loop that they live in: the time, deadlines, a later turn.
 *
 * `EventLoop` is that of epoll, which turns by itself; the Deno transport has one that Deno's own
 * event loop turns. A session never learns which one.
 */

import type { Os } from "../os/mod.ts";
import type { TimerWheel } from "./timer_wheel.ts";

/** Somebody with more to do than fits one turn. */
export interface Deferred {
  /** Called once, in the next turn. */
  onTurn(): void;
}

/** Somebody who gathers what a batch of events leads to. */
export interface Gatherer {
  /** Called at the end of each batch, and before each wait. */
  flush(): void;
}

/** Who wants to know how long the loop sleeps. */
export interface LoopWatch {
  /** The loop is about to wait. */
  sleeping(): void;
  /** It has waited, until `now`. */
  woke(now: number): void;
}

/** A thread's time. */
export interface Loop {
  /** Milliseconds of a clock that is never set back; the same for all that happens in one turn. */
  readonly now: number;
  /** The deadlines of this thread. */
  readonly timers: TimerWheel;
  /** The wall clock, for the Date field, and the one of `now` to the microsecond. */
  readonly os: Pick<Os, "epochMilliseconds" | "preciseMilliseconds">;
  /** Has `deferred` called in a later turn, after what became ready meanwhile. */
  defer(deferred: Deferred): void;
  /** Has `gatherer` send what it gathers at the end of each batch, from now on. */
  gather(gatherer: Gatherer): void;
}
