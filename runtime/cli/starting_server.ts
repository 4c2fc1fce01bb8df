/**
 * Ends a server that is to stop before it has started, and does not get ready: an app may wait for ever.
 *
 * In: the signals while the server starts, and its start. Out: the start's result, or a StoppedError when the time for a stop is over. A
 * server that gets ready in time is stopped by RunningServer, which also handles a reload. One that is to replace another server stops at
 * once, so that the other one serves on.
 */

import type { Predecessor } from "../executor/mod.ts";
import type { SignalHandler } from "../signals.ts";

/** The server did not get ready, and was to stop. The message is a line for the operator. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** The handler of the signals until the server has started. */
export class StartingServer implements SignalHandler, Disposable {
  readonly #stopTime: number;
  readonly #predecessor: Pick<Predecessor, "isTakenOver"> | null;
  readonly #late = Promise.withResolvers<never>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param stopTime milliseconds from the signal to the end
   * @param predecessor the server that is to be replaced; null: there is none
   */
  constructor(stopTime: number, predecessor: Pick<Predecessor, "isTakenOver"> | null) {
    this.#stopTime = stopTime;
    this.#predecessor = predecessor;
    // The signal may come before anybody waits for the start.
    this.#late.promise.catch(() => {});
  }

  /** What `starting` is fulfilled with. @throws {StoppedError} and what it rejects with */
  run<T>(starting: Promise<T>): Promise<T> {
    return Promise.race([starting, this.#late.promise]);
  }

  stop(): void {
    if (this.#predecessor?.isTakenOver === false) {
      return this.#late.reject(new StoppedError("the new server was stopped while it started"));
    }
    const text = "stopped while it started: not all workers got ready within --drain-timeout";
    this.#timer = setTimeout(() => this.#late.reject(new StoppedError(text)), this.#stopTime);
  }

  /** The signals are delivered again when the server has started. */
  reload(): void {}
  upgrade(): void {}

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
