/**
 * Notices workers whose app does not return to the event loop.
 *
 * In: for each worker, how often its loop has turned; a worker with an app turns twice a second even if it has nothing to do. Out: calls
 * when one has not turned for two seconds, and when it turns again. A worker that is blocked serves nobody, and cannot say so.
 */

/** Milliseconds without a turn after which a worker counts as blocked. */
const BLOCKED_AFTER = 2_000;
/** Milliseconds between two looks. */
export const LOOK_INTERVAL = 500;
/** If a look comes so late, this thread has stood still itself, and knows nothing of the others. */
const OWN_DELAY = 4 * LOOK_INTERVAL;

/** What it looks at, and what it calls. */
export interface WatchdogParts {
  /** Turns of a worker's loop; undefined: it is not running. */
  turnsOf(worker: number): number | undefined;
  /** A worker has not turned for this many milliseconds. Called once for each time. */
  blocked(worker: number, milliseconds: number): void;
  /** It turns again, after this many milliseconds. */
  returned(worker: number, milliseconds: number): void;
}

interface Watched {
  turns: number;
  since: number;
  isBlocked: boolean;
}

/** Looks at all workers. */
export class Watchdog {
  readonly #parts: WatchdogParts;
  readonly #watched: (Watched | undefined)[] = [];
  #lookedAt = NaN;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  /** Whether that worker was blocked at the last look. */
  isBlocked(worker: number): boolean {
    return this.#watched[worker]?.isBlocked === true;
  }

  /** How many are. */
  get blockedCount(): number {
    return this.#watched.filter((watched) => watched?.isBlocked).length;
  }

  /** Looks at the workers from 0 to `count - 1`, at `now` in milliseconds. */
  look(count: number, now: number): void {
    const isLate = !(now - this.#lookedAt < OWN_DELAY);
    this.#lookedAt = now;
    for (let worker = 0; worker < count; worker++) {
      const turns = this.#parts.turnsOf(worker);
      const watched = this.#watched[worker];
      if (turns === undefined) this.#watched[worker] = undefined;
      else if (watched === undefined || (isLate && !watched.isBlocked)) {
        this.#watched[worker] = { turns, since: now, isBlocked: false };
      } else this.#compare(worker, watched, { turns, now });
    }
  }

  #compare(worker: number, watched: Watched, { turns, now }: { turns: number; now: number }): void {
    const milliseconds = now - watched.since;
    if (turns === watched.turns) {
      if (watched.isBlocked || milliseconds < BLOCKED_AFTER) return;
      watched.isBlocked = true;
      return this.#parts.blocked(worker, milliseconds);
    }
    const { isBlocked } = watched;
    this.#watched[worker] = { turns, since: now, isBlocked: false };
    if (isBlocked) this.#parts.returned(worker, milliseconds);
  }
}
