/**
 * The main thread's part in the app: it watches the workers, decides how long a dead one stays dead, and runs what the app has scheduled.
 *
 * In: the threads and their counters. Out: warnings, metrics, and requests for another worker. Loaded only if there is an app.
 */

import { COLUMN, type SharedState } from "../ring/mod.ts";
import { AppScheduler } from "./app_schedule.ts";
import { DeathPause } from "./death_pause.ts";
import type { Thread } from "./thread_handle.ts";
import { LOOK_INTERVAL, Watchdog } from "./watchdog.ts";

/** What it needs of the executor. */
export interface AppKeeperParts {
  readonly state: SharedState;
  /** By the worker's number. */
  readonly threads: readonly Thread[];
  /** How many workers should serve. */
  readonly workers: number;
  warn(text: string): void;
  /** Gives a worker's loop a turn. */
  ring(worker: number): void;
  /** Starts one more worker beside a blocked one, if it may. */
  startStandIn(): void;
}

/** Keeps the workers of an app going. */
export class AppKeeper {
  readonly deaths = new DeathPause();
  readonly schedule: AppScheduler;
  readonly #parts: AppKeeperParts;
  readonly #watchdog: Watchdog;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(parts: AppKeeperParts) {
    this.#parts = parts;
    this.#watchdog = new Watchdog({
      turnsOf: (worker) => this.#turnsOf(worker),
      blocked: (worker, milliseconds) => this.#blocked(worker, milliseconds),
      returned: (worker, milliseconds) => this.#returned(worker, milliseconds),
    });
    this.schedule = new AppScheduler({ run: () => this.#runScheduled() });
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL);
  }

  /** Whether a worker serves that is not blocked. */
  get canServe(): boolean {
    return this.#free !== undefined;
  }

  /** Ends its timers. */
  close(): void {
    clearInterval(this.#timer);
    this.schedule.close();
  }

  #look(): void {
    this.#watchdog.look(this.#parts.threads.length, performance.now());
    this.#main.set(COLUMN.blockedNow, this.#watchdog.blockedCount);
  }

  #turnsOf(worker: number): number | undefined {
    const thread = this.#parts.threads[worker];
    if (thread === undefined || !thread.isServing) return undefined;
    return this.#parts.state.counters(worker).get(COLUMN.loopTurns);
  }

  #blocked(worker: number, milliseconds: number): void {
    const { ring, startStandIn, state: { flags }, threads, warn, workers } = this.#parts;
    this.#main.add(COLUMN.workersBlocked, 1);
    warn(
      `worker ${worker} is blocked: its app has not returned to the event loop for ${
        seconds(milliseconds)
      }; ` +
        "until it does, the clients of this worker wait",
    );
    // It gets no connections from others; and what it was woken for, another one does.
    flags.setDead(worker);
    const other = flags.takeParked(0);
    if (other >= 0) ring(other);
    const free = threads.filter((thread, number) =>
      !thread.hasEnded && !this.#watchdog.isBlocked(number)
    );
    if (free.length < workers) startStandIn();
  }

  #returned(worker: number, milliseconds: number): void {
    this.#parts.warn(`worker ${worker} is back after ${seconds(milliseconds)}`);
  }

  #runScheduled(): Promise<unknown> | null {
    return this.#free?.order({ type: "scheduled" }) ?? null;
  }

  /** The first worker that serves and is not blocked. */
  get #free(): Thread | undefined {
    return this.#parts.threads.find((thread, worker) =>
      thread.isServing && !this.#watchdog.isBlocked(worker)
    );
  }

  get #main() {
    const { state } = this.#parts;
    return state.counters(state.mainBlock);
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
