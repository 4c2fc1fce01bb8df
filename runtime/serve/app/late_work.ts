/**
 * Work of an app that goes on behind its answers: what its `fetch` gives to `waitUntil` of its third argument, as on Cloudflare, and what
 * is scheduled.
 *
 * In: promises. Out: the app's `stop` is called after all of them, also that of an old copy, but does not wait for ever; a failure of what
 * `waitUntil` was given is reported. There is one for the life of a worker: it knows nothing of single requests.
 */

import { inTime, LATE } from "../../thread/mod.ts";

/** The third argument of `fetch`. */
export interface FetchContext {
  /** Lets work go on after the answer: the app is not told to stop before. */
  waitUntil(promise: unknown): void;
  /** Changes nothing: there is no other server to pass a request to. */
  passThroughOnException(): void;
}

/** Milliseconds of the time for a stop that are left to the app's `stop`, but half of it at most. */
const FOR_STOP = 1_000;

/** What goes on in one worker. */
export class LateWork {
  readonly #pending = new Set<Promise<void>>();
  readonly #report: (what: string, error: unknown) => void;
  /** What the app gets. Its functions need no `this`. */
  readonly context: FetchContext;

  /** @param report counts an error of the app, and tells the operator */
  constructor(report: (what: string, error: unknown) => void) {
    this.#report = report;
    const failed = (error: unknown) => report("what waitUntil was given", error);
    this.context = {
      waitUntil: (promise) => this.follow(promise, failed),
      passThroughOnException: () => {},
    };
  }

  /** Some work goes on. @param failed called if it fails */
  follow(promise: unknown, failed: (error: unknown) => void): void {
    const work = Promise.resolve(promise).then(() => {}, failed);
    this.#pending.add(work);
    void work.then(() => this.#pending.delete(work));
  }

  /**
   * Fulfilled when nothing goes on any more, of what has begun before. What does not end is reported, and goes on.
   *
   * @param left the milliseconds for all of a stop
   */
  async ended(left: number): Promise<void> {
    if (this.#pending.size === 0) return;
    const longest = left - Math.min(FOR_STOP, left / 2);
    if (await inTime(Promise.all(this.#pending), longest) !== LATE) return;
    this.#report(
      "what goes on behind answers",
      "what waitUntil was given, or what is scheduled, did not end within --drain-timeout: stop() is called all the same",
    );
  }
}
