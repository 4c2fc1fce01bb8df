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
 * connections. A worker that was just woken counts as idle for a moment, so that a burst is shared. So does one that
 * is awake with less than half as many connections, unless a handler blocks it, or connections here are short: else a
 * worker that was about to park when a burst began would get none of it.
 */

import { COLUMN, type SharedState, TASK_FIELD } from "../ring/mod.ts";
import { FREE_SHARE } from "./free_share.ts";

/** How many times the mean number of connections a worker may have before it leaves tasks to others. */
const OVERLOAD = 1.125;
/**
 * A worker accepts for itself while an idle one has this many connections less or fewer: to wake another thread
 * costs more than a short connection, of which a few overlap. Connections that have lasted are compared exactly.
 */
const ACCEPTED_AHEAD = 1;
/**
 * Milliseconds for which a task is left to a worker with more room, which a handler may be blocking; after
 * that, any worker takes it. Longer than a worker needs to wake up, and two ticks of the coarse clock.
 */
export const YIELDED_TASK_AGE = 10;

/**
 * Milliseconds since the last connection was closed, up to which the next ones are expected to be short too. They are not
 * left to a worker that is awake: with one request per connection, that cost 6 % more CPU, and half again in p99.
 */
const SHORT_LIVED = 50;

/** The decisions of one worker. */
export class LoadBalance {
  readonly #state: SharedState;
  readonly #worker: number;
  readonly #ring: (worker: number) => void;
  // By worker: when this one handed it a connection, in a task's time, and how many it has with all those.
  readonly #handedAt: Int32Array;
  readonly #expected: Int32Array;
  // How many turns of its loop it had made by then.
  readonly #turns: Float64Array;
  // A connection that this worker handed over may still be on the ring.
  #handedOver = false;

  /** @param ring rings the doorbell of a worker whose parked flag was taken */
  constructor(state: SharedState, worker: number, ring: (worker: number) => void) {
    this.#state = state;
    this.#worker = worker;
    this.#ring = ring;
    this.#handedAt = new Int32Array(state.workers);
    this.#expected = new Int32Array(state.workers);
    this.#turns = new Float64Array(state.workers).fill(-1);
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
    const { mean, leastLoaded } = this.#survey();
    if (leastLoaded === this.#worker || mine <= mean * OVERLOAD + FREE_SHARE) return true;
    if (flags.takeIfParked(leastLoaded)) this.#ring(leastLoaded);
    return false;
  }

  /**
   * Pushes a connection that this worker accepted on the ring, if another worker should serve it.
   *
   * @param open how many connections this worker has
   * @param lasting how many of them have lasted (lasting_connections.ts)
   * @param sinceClosing milliseconds since one of this worker's connections was closed
   * @returns false if this worker serves it
   */
  handOver(task: Int32Array, open: number, lasting: number, sinceClosing = Infinity): boolean {
    const { flags, taskRing, workers } = this.#state;
    if (workers === 1 || open === 0) return false;
    const now = task[TASK_FIELD.readyAt]!; // TASK_WORDS of them
    const { mean, least, leastLoaded } = this.#survey(now, sinceClosing < SHORT_LIVED ? 0 : open);
    const isBetter = least + ACCEPTED_AHEAD < open || least * OVERLOAD < lasting;
    if (!isBetter && open <= mean * OVERLOAD + FREE_SHARE) return false;
    if (!taskRing.push(task)) return false;
    this.#handedOver = true;
    if (!isBetter) {
      // Nobody is idle. One may have parked since.
      const parked = flags.takeParked(this.#worker + 1);
      if (parked >= 0) this.#ring(parked);
    } else {
      this.#handedAt[leastLoaded] = now;
      this.#expected[leastLoaded] = least + 1;
      this.#turns[leastLoaded] = this.#turnsOf(leastLoaded);
      // If it is awake, it looks at the ring before it parks.
      if (flags.takeIfParked(leastLoaded)) this.#ring(leastLoaded);
    }
    return true;
  }

  /**
   * The mean of all workers that serve, and which one has the fewest connections: of all, or with `now`, of the
   * idle ones. An awake worker with less than half of `mine` counts as idle.
   */
  #survey(now?: number, mine = 0): { mean: number; least: number; leastLoaded: number } {
    const { flags, workers } = this.#state;
    let [total, alive, least, leastLoaded] = [0, 0, Infinity, this.#worker];
    for (let worker = 0; worker < workers; worker++) {
      if (!flags.isAlive(worker)) continue; // a worker that is still loading checks the ring as soon as it runs
      let open = this.#state.counters(worker).openConnections;
      total += open;
      alive++;
      if (now !== undefined && !flags.isParked(worker)) {
        if (this.#wasHanded(worker, now)) open = Math.max(open, this.#expected[worker]!);
        else if (2 * open + ACCEPTED_AHEAD >= mine || !this.#hasTurned(worker)) continue;
      }
      if (open < least) [least, leastLoaded] = [open, worker];
    }
    return { mean: total / alive, least, leastLoaded };
  }

  /** Whether this worker handed that one a connection a moment ago. */
  #wasHanded(worker: number, now: number): boolean {
    return this.#expected[worker]! > 0 && ((now - this.#handedAt[worker]!) | 0) < YIELDED_TASK_AGE;
  }

  /** Whether that worker has come back to its loop since this one handed it a connection: a handler may block it. */
  #hasTurned(worker: number): boolean {
    return this.#turns[worker] !== this.#turnsOf(worker);
  }

  #turnsOf(worker: number): number {
    return this.#state.counters(worker).get(COLUMN.loopTurns);
  }
}
