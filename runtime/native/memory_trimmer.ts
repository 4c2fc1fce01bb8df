/**
 * Gives freed memory back to the kernel once a burst of connections is over.
 *
 * In: a note of every connection that is taken. Out: `trimMemory` of the system, a while after the
 * last one; nothing under load, and no wake-up of who has nothing to do. V8's compiler threads work on
 * what the first connections made hot, and what they free the C library keeps: measured at
 * 5,000 idle WebSockets, 9 MB, as much again as all the connections; giving it back takes 1 ms.
 */

import type { Timer, TimerOwner } from "../net/mod.ts";
import type { EventLoop } from "./event_loop.ts";

/** Milliseconds without a new connection after which the burst is over, and the compiler done. */
const QUIET = 1_000;

/** One worker's. */
export class MemoryTrimmer implements TimerOwner {
  readonly #loop: EventLoop;
  readonly #timer: Timer;
  #isSet = false;
  #lastConnectionAt = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
    this.#timer = loop.timers.timer(this);
  }

  /** A connection was taken. */
  noteConnection(): void {
    this.#lastConnectionAt = this.#loop.now;
    if (this.#isSet) return;
    this.#isSet = true;
    this.#timer.set(this.#lastConnectionAt + QUIET);
  }

  /** The timer: gives the memory back, or waits on while connections still come. */
  onDeadline(now: number): void {
    const quietAt = this.#lastConnectionAt + QUIET;
    if (now < quietAt) return this.#timer.set(quietAt);
    this.#isSet = false;
    this.#loop.os.trimMemory();
  }
}
