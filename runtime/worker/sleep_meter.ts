/**
 * How long a worker sleeps, for the metrics: what is left of a second is its load.
 *
 * In: the loop says when it waits. Out: the column of microseconds slept, and when a sleep began that lasts
 * still: who reads them while the worker sleeps adds the time since.
 */

import type { LoopWatch } from "../loop/mod.ts";
import type { Os } from "../os/mod.ts";
import { COLUMN, type Counters } from "../ring/mod.ts";

/** Measures the sleep of one worker. */
export class SleepMeter implements LoopWatch {
  readonly #os: Os;
  readonly #counters: Counters;
  #since = 0;

  constructor(os: Os, counters: Counters) {
    this.#os = os;
    this.#counters = counters;
  }

  sleeping(): void {
    this.#since = this.#os.preciseMilliseconds() * 1000;
    this.#counters.set(COLUMN.sleepingSince, this.#since);
  }

  woke(now: number): void {
    this.#counters.set(COLUMN.sleepingSince, 0);
    this.#counters.add(COLUMN.idleMicroseconds, Math.max(now * 1000 - this.#since, 0));
  }
}
