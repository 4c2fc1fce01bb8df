/**
 * The time for code that may run in a promise while its worker waits.
 *
 * In: the clock of a turn, and whether the thread waits now. Out: a clock that is right in a promise too. `now` of the loop on epoll is
 * read once a turn. While a handler is pending, or with an app, promises run during the worker's wait: there it is as old as the
 * wait, a tenth of a second at most with a handler that is pending, half a second without one. What a promise publishes would seem to have
 * waited as long already. Within a turn it costs one look at a number of this thread, and no reading of the clock.
 */

import type { Loop } from "../../net/mod.ts";

/** The thread whose time it is. */
export interface WaitingThread {
  readonly loop: { readonly os: Pick<Loop["os"], "preciseMilliseconds"> };
  /** Whether it waits, so that only promises run. */
  isWaiting(): boolean;
}

/** Makes the clock. @param turn the time of this turn, by the same clock as that of `loop` */
export function promiseClock(turn: () => number, { loop, isWaiting }: WaitingThread): () => number {
  return () => isWaiting() ? loop.os.preciseMilliseconds() : turn();
}
