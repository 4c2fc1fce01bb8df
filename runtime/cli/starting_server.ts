/**
 * Ends a server that is to stop before it has started, and does not get ready: an app may wait for ever.
 *
 * In: the signals while the server starts, and its start. Out: the start's result, or a StoppedError when the time for a stop is over. A
 * server that gets ready in time is stopped by RunningServer, which also handles a reload.
 */

import type { SignalHandler } from "../signals.ts";

/** The server did not get ready, and was to stop. The message is a line for the operator. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** The handler of the signals until the server has started. */
export class StartingServer implements SignalHandler, Disposable {
  readonly #stopTime: number;
  readonly #late = Promise.withResolvers<never>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param stopTime milliseconds from the signal to the end */
  constructor(stopTime: number) {
    this.#stopTime = stopTime;
  }

  /** What `starting` is fulfilled with. @throws {StoppedError} and what it rejects with */
  run<T>(starting: Promise<T>): Promise<T> {
    return Promise.race([starting, this.#late.promise]);
  }

  stop(): void {
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
