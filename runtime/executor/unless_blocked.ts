/**
 * Gives an order to a worker, and waits for the answer as long as there is hope for one.
 *
 * In: a worker's thread, and an order. Out: the answer; or LEFT_OUT, if the app of that worker blocks its thread, or the worker is
 * starting and does not get ready. The order is not lost: the worker carries it out when it can. So one worker never keeps the
 * others, and the operator, from a reload.
 */

import type { ThreadOrder } from "../thread/mod.ts";
import type { Thread } from "./thread_handle.ts";

/** The worker has not answered, and may never. */
export const LEFT_OUT = Symbol("left out");

/** Milliseconds between two looks at the worker. */
const LOOK = 100;
/** Milliseconds until a worker that starts is left out. */
const STARTING = 5_000;
/** Milliseconds until any worker is, if the order has no limit of its own. */
const LONGEST = 60_000;

/** How long a worker is waited for, in milliseconds. */
export interface Patience {
  /** While it is blocked. */
  readonly blocked?: number;
  /** Altogether. */
  readonly longest?: number;
}

/**
 * The answer is why the worker could not obey, or undefined.
 *
 * @param patience default: a blocked worker is not waited for, and any other for a minute
 */
export function orderUnlessBlocked(
  thread: Thread,
  order: ThreadOrder,
  { blocked = 0, longest = LONGEST }: Patience = {},
): Promise<string | undefined | typeof LEFT_OUT> {
  const { promise, resolve, reject } = Promise.withResolvers<
    string | undefined | typeof LEFT_OUT
  >();
  const begun = performance.now();
  const look = () => {
    const waited = performance.now() - begun;
    const isHopeless = thread.blockedTime > blocked || waited > longest ||
      (!thread.isServing && waited > STARTING);
    if (isHopeless) resolve(LEFT_OUT);
  };
  thread.order(order).then(resolve, reject);
  const timer = setInterval(look, LOOK);
  look();
  return promise.finally(() => clearInterval(timer));
}
