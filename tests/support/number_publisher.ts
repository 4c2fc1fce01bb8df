/**
 * Publishes numbers, one after the other, until it is told to end.
 *
 * In: what publishes one. Out: how many were published; the first failure, when it ends.
 */

import { hold } from "./wait_for.ts";

/** When it publishes. */
export interface NumberPace {
  /** Milliseconds between two numbers. */
  readonly pace: number;
  /** Default: 0. */
  readonly first?: number;
}

/** The publisher. */
export class NumberPublisher {
  /** The next number. */
  count: number;
  readonly #running: Promise<void>;
  #isEnding = false;

  /** @param publish fulfilled when the number is published */
  constructor(publish: (number: number) => Promise<unknown>, { pace, first = 0 }: NumberPace) {
    this.count = first;
    this.#running = this.#run(publish, pace);
    this.#running.catch(() => {}); // told by end
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  async #run(publish: (number: number) => Promise<unknown>, pace: number): Promise<void> {
    for (; !this.#isEnding; this.count++) {
      await publish(this.count);
      await hold(pace);
    }
  }
}
