/**
 * How long a worker sleeps, for the metrics: what is left of a second is its load.
 *
 * In: the loop says when it waits. Out: the column of microseconds slept. A worker in the place of one that
 * died goes on with its column; the time between counts as sleep.
 */

import type { LoopWatch } from "../../net/mod.ts";
import type { Os } from "../../os/mod.ts";
import type { Counters } from "../../ring/mod.ts";

/** Measures the sleep of one worker. */
export class SleepMeter implements LoopWatch {
  readonly #os: Pick<Os, "preciseMilliseconds">;
  readonly #counters: Counters;

  constructor(os: Pick<Os, "preciseMilliseconds">, counters: Counters) {
    this.#os = os;
    this.#counters = counters;
    this.woke(os.preciseMilliseconds());
  }

  sleeping(): void {
    this.#counters.sleep(this.#os.preciseMilliseconds() * 1000);
  }

  woke(now: number): void {
    this.#counters.wake(now * 1000);
  }
}
