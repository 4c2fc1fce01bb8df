/**
 * The main thread's part in the channels: it creates their memory, gives back what has expired, and removes what a dead
 * worker has left.
 *
 * In: the config. Out: memory for the start of each worker. Loaded only if there are channels. It never serves a
 * client; what it does in a turn of the loop is bounded.
 */

import { type ChannelStore, createChannelMemory, openChannelStore } from "../channels/mod.ts";
import { preciseClock } from "../os/mod.ts";

/** Milliseconds between two sweeps, and the part of the store that one visits: all of it in five seconds. */
const SWEEP_INTERVAL = 250;
const SWEEP_SHARE = 1 / 20;
/** Steps of a removal between two turns of the loop: less than a millisecond. */
const REMOVAL_STEPS = 16;

/** Keeps the memory of all channels. */
export class ChannelKeeper {
  readonly memory: SharedArrayBuffer;
  readonly #store: ChannelStore;
  readonly #timer: ReturnType<typeof setInterval>;
  #removing: Promise<void> = Promise.resolve();

  /**
   * @param size bytes of all channels, and the number of workers
   * @param ring wakes a worker
   * @throws {RangeError} if the memory is too small for so many workers
   */
  constructor(
    { bytes, workers }: { readonly bytes: number; readonly workers: number },
    ring: (worker: number) => void,
  ) {
    const random = crypto.getRandomValues(new Uint32Array(7));
    this.memory = createChannelMemory({ bytes, workers, random });
    this.#store = openChannelStore(this.memory, { writer: workers, now: preciseClock(), ring });
    this.#timer = setInterval(() => this.#store.sweep(SWEEP_SHARE), SWEEP_INTERVAL);
  }

  /** Removes the subscribers and members of a worker that has ended. */
  remove(worker: number): void {
    const removal = this.#store.removeWorker(worker);
    this.#removing = this.#removing.then(async () => {
      while (!isDone(() => removal.step())) await new Promise((resolve) => setTimeout(resolve));
    });
  }

  /** Fulfilled when nothing of the removed workers is left: their successors have the same numbers. */
  get removed(): Promise<void> {
    return this.#removing;
  }

  /** Ends the sweeps. */
  close(): void {
    clearInterval(this.#timer);
  }
}

/** Whether one of some steps was the last. */
function isDone(step: () => boolean): boolean {
  for (let i = 0; i < REMOVAL_STEPS; i++) {
    if (step()) return true;
  }
  return false;
}
