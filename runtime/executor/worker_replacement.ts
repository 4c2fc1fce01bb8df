/**
 * How long a worker that died stays dead: longer each time.
 *
 * In: deaths. Out: milliseconds until the replacement may start. An app that kills its worker must not end the server, as a request could
 * do that; nor may it keep the machine busy with starts.
 */

/** Deaths whose workers are replaced at once. */
const FREE = 3;
/** The first pause, which each further death doubles, and the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;
/** Milliseconds without a death after which it begins again at the shortest: twice the longest pause. */
const FORGIVEN_AFTER = 60_000;

/** Counts the deaths of all workers. */
export class DeathPause {
  #deaths = 0;
  #lastAt = -Infinity;

  /** A worker died at `now`. Returns the milliseconds until another one may start. */
  after(now: number): number {
    if (now - this.#lastAt >= FORGIVEN_AFTER) this.#deaths = 0;
    this.#lastAt = now;
    this.#deaths++;
    if (this.#deaths <= FREE) return 0;
    return Math.min(FIRST_PAUSE * 2 ** (this.#deaths - FREE - 1), LONGEST_PAUSE);
  }

  /** Deaths since it began. */
  get deaths(): number {
    return this.#deaths;
  }
}
