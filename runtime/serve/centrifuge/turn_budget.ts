/**
 * What all clients of one worker may be answered in one turn of its loop.
 *
 * In: the bytes of each answer, and the loop's time, which is the same during a turn. Out: whether the rest has to wait for the next
 * turn, so that the worker serves everybody in between.
 */

import type { Loop } from "../../net/mod.ts";

/** Reading a history of this length and encoding it takes some milliseconds. */
const BYTES = 1024 * 1024;
/** What reading a history or a presence costs at least, as bytes of an answer, also in vain. */
export const READING_BYTES = 32 * 1024;

/** Fulfilled in the next turn of the loop. */
export function nextTurn(loop: Pick<Loop, "defer">): Promise<void> {
  return new Promise((resolve) => loop.defer({ onTurn: resolve }));
}

/** The budget of one worker. */
export class TurnBudget {
  #turn = -1;
  #bytes = 0;

  /** Counts bytes in the turn of `now`. */
  spend(bytes: number, now: number): void {
    if (now !== this.#turn) {
      this.#turn = now;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
  }

  /** Whether nothing is left in the turn of `now`. */
  isSpent(now: number): boolean {
    return now === this.#turn && this.#bytes >= BYTES;
  }
}
