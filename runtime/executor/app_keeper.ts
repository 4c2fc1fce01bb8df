/**
 * The main thread's part in the app: it watches for workers that are blocked or hold too much memory, and runs what the app has scheduled.
 *
 * In: the threads and their counters. Out: warnings, metrics, and requests for another worker beside them. Loaded only if there is an app.
 * Workers that died are not its matter: see worker_replacement.ts.
 */

import { COLUMN, type SharedState } from "../ring/mod.ts";
import { AppScheduler } from "./app_schedule.ts";
import type { Thread } from "./thread_handle.ts";
import { orderUnlessBlocked } from "./unless_blocked.ts";
import { LOOK_INTERVAL, Watchdog } from "./watchdog.ts";

/** States of a run that a worker was asked for; 0 at first. */
const BEGUN = 1;
const REVOKED = 2;

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
  /** Starts one more worker beside those that cannot serve, if it may; fulfilled when it serves, or cannot. */
  startStandIn(): Promise<void>;
  /** A worker that was blocked turns again. */
  returned(worker: number): void;
}

/** Keeps the workers of an app going. */
export class AppKeeper {
  readonly schedule: AppScheduler;
  readonly #parts: AppKeeperParts;
  readonly #watchdog: Watchdog;
  readonly #timer: ReturnType<typeof setInterval>;
  // A worker is being replaced because of its memory.
  #isReplacing = false;
  // The run that a worker was asked for.
  #run: { worker: number; claim: Int32Array; resolve(): void } | null = null;

  constructor(parts: AppKeeperParts) {
    this.#parts = parts;
    this.#watchdog = new Watchdog({
      turnsOf: (worker) => this.#turnsOf(worker),
      blocked: (worker, milliseconds) => this.#blocked(worker, milliseconds),
      returned: (worker, milliseconds) => this.#returned(worker, milliseconds),
    });
    this.schedule = new AppScheduler({ run: () => this.#runScheduled(), warn: parts.warn });
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL);
  }

  /** Whether a worker serves that is not blocked. */
  get canServe(): boolean {
    return this.#free >= 0;
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
    // One that finishes its work has clients, too.
    if (thread === undefined || !(thread.isServing || thread.isRetiring)) return undefined;
    return this.#parts.state.counters(worker).get(COLUMN.loopTurns);
  }

  #blocked(worker: number, milliseconds: number): void {
    const { startStandIn, state: { flags }, threads, warn, workers } = this.#parts;
    this.#main.add(COLUMN.workersBlocked, 1);
    threads[worker]?.noteBlocked(milliseconds);
    this.#revokeRun(worker);
    warn(
      `worker ${worker} is blocked: its app has not returned to the event loop for ${
        seconds(milliseconds)
      }; ` +
        (threads[worker]?.isRetiring
          ? "it was about to end, and cannot: until it does, its clients wait, and its memory is not free"
          : "until it does, the clients of this worker wait"),
    );
    // It gets no connections from others; and what it was woken for, another one does.
    flags.setDead(worker);
    this.#wakeAnother();
    const free = threads.filter((thread, number) =>
      !thread.hasEnded && !thread.isRetiring && !this.#watchdog.isBlocked(number)
    );
    if (free.length < workers) void startStandIn();
  }

  /**
   * The app of a worker holds more memory than it may: another worker takes its place first, then it ends as soon as its clients have
   * left. One at a time; a worker that has to wait reports again.
   */
  async replaceHeavy(worker: number, bytes: number): Promise<void> {
    const { startStandIn, state: { flags }, threads, warn, workers } = this.#parts;
    const thread = threads[worker];
    if (thread?.isServing !== true || this.#isReplacing) return;
    this.#isReplacing = true;
    warn(
      `worker ${worker} is replaced: its app holds ${mebibytes(bytes)}, more than --app-memory; ` +
        "its open requests have --drain-timeout to finish",
    );
    const others = threads.filter((other) =>
      other !== thread && other.isServing && !other.isBlocked
    );
    if (others.length < workers) await startStandIn();
    if (thread.isServing) {
      this.#main.add(COLUMN.workersHeavy, 1);
      flags.setDead(worker); // it gets no connections from others
      thread.noteRetired();
      await orderUnlessBlocked(thread, { type: "retire" });
      this.#wakeAnother();
    }
    this.#isReplacing = false;
  }

  /** What a worker was woken for that cannot serve, another one does. */
  #wakeAnother(): void {
    const { ring, state: { flags } } = this.#parts;
    const other = flags.takeParked(0);
    if (other >= 0) ring(other);
  }

  /** If the worker has not begun its run, another one does. */
  #revokeRun(worker: number): void {
    const run = this.#run;
    if (run === null || run.worker !== worker) return;
    if (Atomics.compareExchange(run.claim, 0, 0, REVOKED) === 0) run.resolve();
  }

  #returned(worker: number, milliseconds: number): void {
    const { returned, threads, warn } = this.#parts;
    threads[worker]?.noteReturned();
    warn(`worker ${worker} is back after ${seconds(milliseconds)}`);
    returned(worker);
  }

  #runScheduled(): Promise<void> | null {
    const worker = this.#free;
    return worker < 0 ? null : this.#runOn(worker);
  }

  /** Runs it on a worker, and if that dies or is blocked before it has begun, on another one. */
  async #runOn(worker: number): Promise<void> {
    const claim = new Int32Array(new SharedArrayBuffer(4));
    const { promise: revoked, resolve } = Promise.withResolvers<void>();
    this.#run = { worker, claim, resolve };
    await Promise.race([this.#parts.threads[worker]?.order({ type: "scheduled", claim }), revoked]);
    this.#run = null;
    const other = this.#free;
    const hasBegun = Atomics.load(claim, 0) === BEGUN;
    if (!hasBegun && other >= 0 && other !== worker) await this.#runOn(other);
  }

  /** The first worker that serves and is not blocked, or -1. */
  get #free(): number {
    return this.#parts.threads.findIndex((thread, worker) =>
      thread.isServing && !this.#watchdog.isBlocked(worker)
    );
  }

  get #main() {
    const { state } = this.#parts;
    return state.counters(state.mainBlock);
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
