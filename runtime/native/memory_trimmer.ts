/**
 * Returns freed memory to the kernel after a burst of connections.
 *
 * In: a note of every connection that is taken. Out: a call of `trimMemory`, a while after the last connection;
 * nothing under load, and no wake-up of an idle worker without a burst. V8's compiler threads optimize what the
 * first connections made hot, and the C library keeps the memory that they free. Measured with 5,000 idle
 * WebSockets: 9 MB, as much again as all the connections; returning it takes 1 ms.
 */

import type { Timer, TimerOwner } from "../net/mod.ts";
import type { EventLoop } from "./event_loop.ts";

/** Milliseconds without a new connection after which the burst is over and the compiler has finished. */
const QUIET = 1_000;

/** Trims the memory once per burst; one per worker. */
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

  /** Trims the memory, or waits longer if connections still arrive. */
  onDeadline(now: number): void {
    const quietAt = this.#lastConnectionAt + QUIET;
    if (now < quietAt) return this.#timer.set(quietAt);
    this.#isSet = false;
    this.#loop.os.trimMemory();
  }
}
