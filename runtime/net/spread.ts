/**
 * Ends connections when the server stops or is replaced: spread over some time, so that their clients do not all come back at once, and
 * few in each turn, so that the worker serves the others meanwhile.
 *
 * In: what is to end. Out: the call that ends each. The first one ends at once, and of n the one with the number i after i/n of the time,
 * as far as the loop's timers, which tick 8 times a second, tell. What has ended by then takes no place. A connection goes on as before
 * until then.
 */

import type { Deferred, Loop } from "./loop.ts";
import { TimerNode } from "./timer_wheel.ts";

/** What a turn ends: a client of channels leaves its channels, which takes some 20 µs. */
const ENDS_A_TURN = 32;

/** The parts of the loop that it needs. */
export type SpreadLoop = Pick<Loop, "defer" | "now" | "timers">;

/** What is to end, in one worker. */
export class Spread<Item> extends TimerNode implements Deferred {
  readonly #loop: SpreadLoop;
  readonly #time: number;
  readonly #end: (item: Item) => boolean;
  readonly #items: Item[] = [];
  /** How many of them have ended. */
  #done = 0;
  #since = -1;
  #isDeferred = false;

  /**
   * @param time milliseconds between the first and the last, nearly
   * @param end ends one; false: it had ended already
   */
  constructor(loop: SpreadLoop, time: number, end: (item: Item) => boolean) {
    super();
    this.#loop = loop;
    this.#time = time;
    this.#end = end;
  }

  /** The item is to end. */
  add(item: Item): void {
    if (this.#since < 0) this.#since = this.#loop.now;
    this.#items.push(item);
    // All have come before the next turn.
    this.#defer();
  }

  onTurn(): void {
    this.#isDeferred = false;
    this.#step();
  }

  override onDeadline(): void {
    this.#step();
  }

  #step(): void {
    let ends = 0;
    while (this.#done < this.#items.length && ends < ENDS_A_TURN) {
      const at = this.#dueAt(this.#done);
      if (at > this.#loop.now) return this.#loop.timers.set(this, at);
      if (this.#end(this.#items[this.#done++]!)) ends++; // below the length
    }
    if (this.#done < this.#items.length) this.#defer();
  }

  #dueAt(index: number): number {
    return this.#since + this.#time * index / this.#items.length;
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#loop.defer(this);
  }
}
