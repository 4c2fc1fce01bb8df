/**
 * How much a connection asks for in a second.
 *
 * In: the time of each command, and what its answer took. Out: whether it is to be carried out, and how long the next one has to wait. A
 * second begins with the first command after the last one has ended: as cheap as a counter, and at most two
 * seconds' commands in any one. Too many commands are refused; long answers are only slowed down, because a client that
 * comes back to many channels cannot ask for less.
 */

const SECOND = 1_000;
/** Times are stored as small integers, which are no heap numbers: there is a rate for each connection. They repeat after 12 days. */
const WRAP = 2 ** 30 - 1;
/** Above the limit times this, the connection is closed. */
export const FLOOD = 2;
/** Answers of this many bytes are as much as a command. */
const COMMAND_BYTES = 64 * 1024;

/** What a connection has asked for in the second that goes on. */
export interface SpentRate {
  /** Milliseconds since that began. */
  readonly age: number;
  readonly count: number;
  readonly bytes: number;
}

/** The rate of one connection. */
export class CommandRate {
  readonly #limit: number;
  #since = 0;
  #count = 0;
  #bytes = 0;

  /** @param limit commands in a second */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts a command at `now`, in milliseconds: it is carried out, answered with an error, or the connection's last. */
  admit(now: number): "admitted" | "refused" | "flood" {
    if (this.#ageAt(now) >= SECOND) this.#begin(now);
    this.#count++;
    if (this.#count <= this.#limit) return "admitted";
    return this.#count <= this.#limit * FLOOD ? "refused" : "flood";
  }

  /** Counts the bytes of an answer at `now`. */
  spend(bytes: number, now: number): void {
    if (this.#ageAt(now) >= SECOND) this.#begin(now);
    this.#bytes += bytes;
  }

  /** When the next command may be carried out; not above `now` if at once. */
  nextAt(now: number): number {
    return this.#bytes < this.#limit * COMMAND_BYTES ? now : now + SECOND - this.#ageAt(now);
  }

  /** What counts at `now`; for {@link goOn} in another process. */
  spent(now: number): SpentRate {
    return { age: this.#ageAt(now), count: this.#count, bytes: this.#bytes };
  }

  /** Goes on with what was counted in another process. */
  goOn({ age, count, bytes }: SpentRate, now: number): void {
    this.#begin(now - age);
    this.#count = count;
    this.#bytes = bytes;
  }

  /** Milliseconds since the second began. */
  #ageAt(now: number): number {
    return (Math.floor(now) - this.#since) & WRAP;
  }

  #begin(now: number): void {
    this.#since = Math.floor(now) & WRAP;
    this.#count = 0;
    this.#bytes = 0;
  }
}
