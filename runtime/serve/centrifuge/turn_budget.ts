/**
 * What all clients of one worker may be answered in one turn of its loop.
 *
 * In: the bytes of each answer, and the loop's time, which is the same during a turn. Out: whether the rest has to wait for the next
 * turn, so that the worker serves everybody in between. Who waits is called in the order of coming, and only while there is budget:
 * thousands may wait, and who has spent a turn's budget goes behind them.
 */

import type { Deferred, Loop } from "../../net/mod.ts";

/** Reading a history of this length and encoding it takes some milliseconds. */
const BYTES = 1024 * 1024;
/** What reading a history or a presence costs at least, as bytes of an answer, also in vain. */
export const READING_BYTES = 32 * 1024;

/** Fulfilled in the next turn of the loop. */
export function nextTurn(loop: Pick<Loop, "defer">): Promise<void> {
  return new Promise((resolve) => loop.defer({ onTurn: resolve }));
}

/** The budget of one worker. */
export class TurnBudget implements Deferred {
  readonly #loop: Pick<Loop, "defer" | "now">;
  readonly #waiting = new Set<Deferred>();
  #isDeferred = false;
  #turn = -1;
  #bytes = 0;

  constructor(loop: Pick<Loop, "defer" | "now">) {
    this.#loop = loop;
  }

  /** Counts bytes in the turn of `now`. */
  spend(bytes: number, now: number): void {
    if (now !== this.#turn) {
      this.#turn = now;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
  }

  /** Calls `waiter` in a later turn, as soon as it is its turn and there is budget. */
  wait(waiter: Deferred): void {
    this.#waiting.add(waiter);
    this.#defer();
  }

  /** Fulfilled in a later turn, which then has spent what reading a history costs at least. */
  room(): Promise<void> {
    return new Promise((resolve) =>
      this.wait({
        onTurn: () => {
          // At once: who is woken by a promise spends after all of them.
          this.spend(READING_BYTES, this.#loop.now);
          resolve();
        },
      })
    );
  }

  onTurn(): void {
    this.#isDeferred = false;
    // Those that wait again meanwhile are for the next turn.
    let left = this.#waiting.size;
    for (const waiter of this.#waiting) {
      if (left-- === 0 || this.isSpent(this.#loop.now)) break;
      this.#waiting.delete(waiter);
      waiter.onTurn();
    }
    if (this.#waiting.size > 0) this.#defer();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#loop.defer(this);
  }

  /** Whether nothing is left in the turn of `now`. */
  isSpent(now: number): boolean {
    return now === this.#turn && this.#bytes >= BYTES;
  }
}
