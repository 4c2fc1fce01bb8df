/**
 * Decides whether and when a worker that ended is replaced.
 *
 * In: the ends of workers, whether they died or were asked to end, and failed starts with an app. Out: the order to start a replacement, at once or
 * after a pause, or the failure that ends the server. Called by the executor, which starts the replacement; never starts one itself.
 *
 * - Without an app: at once. The server ends if five workers end within ten seconds, or, as executor.ts decides, if a replacement cannot
 *   be started.
 * - With an app: the first three at once, then after a pause that each further end doubles. An app that kills its worker must not end
 *   the server, as a request could do that; nor may it keep the machine busy with starts.
 */

/** If this many workers end within this time, in milliseconds, a server without an app ends: replacing them does not help. */
const DEATHS = 5;
const DEATHS_WITHIN = 10_000;
/** With an app: ends whose workers are replaced at once. */
const FREE = 3;
/** The first pause, in milliseconds, which each further end doubles, and the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;
/** Milliseconds without an end after which it begins again at the shortest: twice the longest pause. */
const FORGIVEN_AFTER = 60_000;

/** What it needs of the executor. */
export interface ReplacementParts {
  /** Whether the pauses for apps hold: there is an app, and all workers have started once. */
  runsApp(): boolean;
  /** Starts a worker with this number, unless the server stops. */
  replace(worker: number): void;
  warn(text: string): void;
  /** Ends the server. */
  fail(failure: string): void;
}

/** Counts the ends of all workers, and decides about their replacement. */
export class WorkerReplacement {
  readonly #parts: ReplacementParts;
  /** Without an app: the times of the last ends. */
  #recent: number[] = [];
  /** With an app: ends since the pauses began at the shortest, and the time of the last one. */
  #count = 0;
  #lastAt = -Infinity;
  readonly #pauses = new Set<ReturnType<typeof setTimeout>>();

  constructor(parts: ReplacementParts) {
    this.#parts = parts;
  }

  /** A worker died of `error`, or ended because it was asked to, at `now`. */
  ended(worker: number, error: string | undefined, now = performance.now()): void {
    if (this.#parts.runsApp()) return this.#replaceAfterPause(worker, now);
    this.#recent = [...this.#recent.filter((at) => now - at < DEATHS_WITHIN), now];
    if (this.#recent.length < DEATHS) return this.#parts.replace(worker);
    this.#parts.fail(`${DEATHS} workers died within ${DEATHS_WITHIN / 1000} s: ${error}`);
  }

  /** The worker of an app could not be started in the place of one that ended. */
  startFailed(worker: number, now = performance.now()): void {
    this.#replaceAfterPause(worker, now);
  }

  /** No worker that waits is replaced any more. */
  close(): void {
    this.#pauses.forEach(clearTimeout);
    this.#pauses.clear();
  }

  #replaceAfterPause(worker: number, now: number): void {
    const pause = this.#pauseAt(now);
    if (pause === 0) return this.#parts.replace(worker);
    this.#parts.warn(
      `${this.#count} workers have died: worker ${worker} is replaced in ${pause / 1000} s`,
    );
    const timer = setTimeout(() => {
      this.#pauses.delete(timer);
      this.#parts.replace(worker);
    }, pause);
    this.#pauses.add(timer);
  }

  #pauseAt(now: number): number {
    if (now - this.#lastAt >= FORGIVEN_AFTER) this.#count = 0;
    this.#lastAt = now;
    this.#count++;
    if (this.#count <= FREE) return 0;
    return Math.min(FIRST_PAUSE * 2 ** (this.#count - FREE - 1), LONGEST_PAUSE);
  }
}
