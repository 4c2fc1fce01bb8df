/**
 * How many commands a connection sends in a second.
 *
 * In: the time of each command. Out: whether it is to be carried out. A second begins with the first command after the last one
 * has ended: as cheap as a counter, and at most two seconds' commands in any one.
 */

const SECOND = 1_000;
/** Above the limit times this, the connection is closed. */
export const FLOOD = 2;

/** The rate of one connection. */
export class CommandRate {
  readonly #limit: number;
  #since = -Infinity;
  #count = 0;

  /** @param limit commands in a second */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts a command at `now`, in milliseconds: it is carried out, answered with an error, or the connection's last. */
  admit(now: number): "admitted" | "refused" | "flood" {
    if (now - this.#since >= SECOND) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count++;
    if (this.#count <= this.#limit) return "admitted";
    return this.#count <= this.#limit * FLOOD ? "refused" : "flood";
  }
}
