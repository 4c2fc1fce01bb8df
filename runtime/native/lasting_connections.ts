/**
 * How many of a worker's connections have lasted: they are likely to stay, so it matters which worker has them.
 *
 * In: connections that begin and end, with the time. Out: how many are older than one to two {@link SPAN}s. Only
 * those of the current and the last span are counted as young, so each call is a few additions.
 */

/** Milliseconds: longer than most connections with one request take. */
const SPAN = 8;

/** A connection that can be counted. */
export interface DatedConnection {
  /** The span in which it began; written by the counter. */
  span: number;
}

/** Counts the connections of one worker. */
export class LastingConnections {
  #span = 0;
  // Of the current span, of the span before, and older.
  #newest = 0;
  #young = 0;
  #lasting = 0;

  /** A connection has begun at `now`, milliseconds of a clock that is never set back. */
  add(connection: DatedConnection, now: number): void {
    this.#advance(now);
    connection.span = this.#span;
    this.#newest++;
  }

  /** A connection that was added has ended. */
  delete({ span }: DatedConnection): void {
    if (span === this.#span) this.#newest--;
    else if (span === this.#span - 1) this.#young--;
    else this.#lasting--;
  }

  /** How many have lasted. */
  count(now: number): number {
    this.#advance(now);
    return this.#lasting;
  }

  #advance(now: number): void {
    const span = Math.floor(now / SPAN);
    if (span <= this.#span) return;
    const isNext = span === this.#span + 1;
    this.#lasting += this.#young + (isNext ? 0 : this.#newest);
    this.#young = isNext ? this.#newest : 0;
    this.#newest = 0;
    this.#span = span;
  }
}
