/**
 * Measures how long a worker sleeps, for the metrics: the rest of each second is its load.
 *
 * In: the loop's calls before and after each wait. Out: the column of microseconds slept. A worker that
 * replaces a dead one continues its column; the time in between counts as sleep.
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
