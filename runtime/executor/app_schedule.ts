/**
 * Runs what an app has scheduled, on one worker at a time.
 *
 * In: the interval that a worker with the app announces, and a call that lets one worker run it. Out: runs that never overlap. The main thread
 * chooses the worker for each run, so that the next one goes to another if a worker has died or is blocked.
 */

/** Attempts for a run that no worker could take. */
const RETRY = 1_000;

/** A run that takes longer than this is reported: the next one waits for it. */
const LONG_RUN = 60_000;

/** What it needs of the executor. */
export interface AppScheduleParts {
  /** Milliseconds, in place of a minute: for tests. */
  readonly longRun?: number;
  /** A warning for the operator. */
  warn(text: string): void;
  /** Lets a worker run it; fulfilled when it has, or has died. Null: no worker can now. */
  run(): Promise<void> | null;
}

/** The schedule of one app. */
export class AppScheduler {
  readonly #parts: AppScheduleParts;
  #every = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #warning: ReturnType<typeof setTimeout> | undefined = undefined;
  #isRunning = false;
  #isClosed = false;
  // Of the run that is due next, in milliseconds of performance.now().
  #dueAt = 0;

  constructor(parts: AppScheduleParts) {
    this.#parts = parts;
  }

  /** A worker has loaded the app, which wants to run every so many milliseconds; 0: it has nothing to run. */
  announce(every: number): void {
    if (every === this.#every || this.#isClosed) return;
    this.#every = every;
    this.#dueAt = performance.now() + every;
    this.#set();
  }

  /** Begins no further run. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#warning);
  }

  #set(): void {
    clearTimeout(this.#timer);
    if (this.#every === 0 || this.#isRunning || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#run(), Math.max(this.#dueAt - performance.now(), 0));
  }

  async #run(): Promise<void> {
    const begun = performance.now();
    this.#isRunning = true;
    const { longRun = LONG_RUN, run, warn } = this.#parts;
    this.#warning = setTimeout(() => {
      warn(
        `what the app has scheduled takes more than ${longRun / 1000} s; the next run waits for it`,
      );
    }, longRun);
    const running = run();
    await running;
    clearTimeout(this.#warning);
    this.#isRunning = false;
    if (this.#every === 0) return;
    // A run that took longer than the interval skips those that it has missed.
    const missed = Math.floor((performance.now() - this.#dueAt) / this.#every);
    this.#dueAt = running === null
      ? begun + Math.min(RETRY, this.#every)
      : this.#dueAt + (missed + 1) * this.#every;
    this.#set();
  }
}
