/**
 * Measures how long publications take to their subscribers, for the metrics of one worker; there is none without metrics.
 *
 * In: which entries the hub passes on, and to how many subscribers; the end of each turn. Out: counts in the histogram of deliveries. A
 * latency is the time from the turn in which an entry was appended to the store, in any thread (in a promise during a wait: from that
 * moment), to the end of the send of this worker's turn: all bytes are with the kernel then, or wait for their peers to read. What is sent in one turn is counted with one
 * latency, that of its oldest entry, so one reading of the clock serves all subscribers, and no delivery took longer than it is counted with.
 */

import { isEarlier, microsecondsBetween, stampOf } from "../../channels/mod.ts";
import type { Gatherer, Loop } from "../../net/mod.ts";
import { type Counters, HISTOGRAM } from "../../ring/mod.ts";

/** The timer of one worker. It gathers after what sends. */
export class DeliveryTimer implements Gatherer {
  readonly #os: Pick<Loop["os"], "preciseMilliseconds">;
  readonly #counters: Counters;
  // Of this turn.
  #oldest = 0;
  #hasOldest = false;
  #deliveries = 0;

  /**
   * @param os the clock that all threads share
   * @param counters those of this thread
   */
  constructor(os: Pick<Loop["os"], "preciseMilliseconds">, counters: Counters) {
    this.#os = os;
    this.#counters = counters;
  }

  /** An entry with this stamp is encoded for subscribers. */
  encoded(appended: number): void {
    if (this.#hasOldest && !isEarlier(appended, this.#oldest)) return;
    this.#oldest = appended;
    this.#hasOldest = true;
  }

  /** So many were passed to subscribers: entries times subscribers. */
  passed(deliveries: number): void {
    this.#deliveries += deliveries;
  }

  /** What was passed on is sent. */
  flush(): void {
    if (!this.#hasOldest) return;
    this.#hasOldest = false;
    if (this.#deliveries === 0) return;
    const now = stampOf(this.#os.preciseMilliseconds());
    const latency = microsecondsBetween(this.#oldest, now);
    this.#counters.observe(HISTOGRAM.deliveries, latency, this.#deliveries);
    this.#deliveries = 0;
  }
}
