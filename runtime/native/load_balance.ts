/**
 * Which worker serves a new connection.
 *
 * In: how many connections each worker has, and who is parked, from shared memory. Out: whether this worker
 * takes a task of the ring, and whether it leaves a connection that it accepted itself to others.
 *
 * A worker that is awake during a burst would take all of it, and long-lived connections would stay on one core.
 * So a worker with much more than its share leaves tasks on the ring, and wakes the worker with the fewest
 * connections, which never has more than its share. That worker may be blocked by a handler, so any worker takes
 * a task that has waited for a while. Of the workers that sleep at the listening socket, the kernel always
 * wakes the first one. So a worker also hands over what it accepts if another one is idle and has fewer
 * connections.
 */

import type { SharedState } from "../ring/mod.ts";
import { FREE_SHARE } from "./free_share.ts";

/** How many times the mean number of connections a worker may have before it leaves tasks to others. */
const OVERLOAD = 1.125;
/**
 * A worker accepts for itself while an idle one has this many connections less or fewer: to wake another thread
 * costs more than a short connection, of which a few overlap.
 */
const ACCEPTED_AHEAD = 1;
/**
 * Milliseconds for which a task is left to a worker with more room, which a handler may be blocking; after
 * that, any worker takes it. Longer than a worker needs to wake up, and two ticks of the coarse clock.
 */
export const YIELDED_TASK_AGE = 10;

/** The decisions of one worker. */
export class LoadBalance {
  readonly #state: SharedState;
  readonly #worker: number;
  readonly #ring: (worker: number) => void;
  // A connection that this worker handed over may still be on the ring.
  #handedOver = false;

  /** @param ring rings the doorbell of a worker whose parked flag was taken */
  constructor(state: SharedState, worker: number, ring: (worker: number) => void) {
    this.#state = state;
    this.#worker = worker;
    this.#ring = ring;
  }

  /** What this worker handed over is gone from the ring, or another thread rang for what is there now. */
  forgetHandedOver(): void {
    this.#handedOver = false;
  }

  /** Whether this worker, with `mine` connections, may take a task of the ring. */
  mayTake(mine: number, now: number): boolean {
    if (mine < FREE_SHARE && !this.#handedOver) return true;
    const { flags, taskRing } = this.#state;
    const age = taskRing.ageOfOldest(now);
    if (age < 0 || age >= YIELDED_TASK_AGE) {
      this.#handedOver = false;
      return true;
    }
    if (this.#handedOver) return false;
    const { mean, leastLoaded } = this.#survey(false);
    if (leastLoaded === this.#worker || mine <= mean * OVERLOAD + FREE_SHARE) return true;
    if (flags.takeIfParked(leastLoaded)) this.#ring(leastLoaded);
    return false;
  }

  /**
   * Pushes a connection that this worker accepted on the ring, if another worker should serve it.
   *
   * @returns false if this worker serves it
   */
  handOver(task: Int32Array, mine: number): boolean {
    const { flags, taskRing, workers } = this.#state;
    if (workers === 1 || mine <= ACCEPTED_AHEAD) return false;
    const { mean, least, leastLoaded } = this.#survey(true);
    const isBetter = least + ACCEPTED_AHEAD < mine;
    if (!isBetter && mine <= mean * OVERLOAD + FREE_SHARE) return false;
    if (!taskRing.push(task)) return false;
    this.#handedOver = true;
    // If there is no idle worker with fewer connections, those that are awake look at the ring in each turn.
    if (isBetter && flags.takeIfParked(leastLoaded)) this.#ring(leastLoaded);
    return true;
  }

  /** The mean of all workers that serve, and which one has the fewest connections: of all, or of the parked ones. */
  #survey(parked: boolean): { mean: number; least: number; leastLoaded: number } {
    const { flags, workers } = this.#state;
    let [total, alive, least, leastLoaded] = [0, 0, Infinity, this.#worker];
    for (let worker = 0; worker < workers; worker++) {
      if (!flags.isAlive(worker)) continue; // a worker that is still loading checks the ring as soon as it runs
      const open = this.#state.counters(worker).openConnections;
      total += open;
      alive++;
      if (open < least && (!parked || flags.isParked(worker))) {
        [least, leastLoaded] = [open, worker];
      }
    }
    return { mean: total / alive, least, leastLoaded };
  }
}
