/**
 * The main thread's part in the channels: it creates their memory, gives back what has expired, and removes what a dead
 * worker has left.
 *
 * In: the config. Out: memory and secrets for the start of each worker. Loaded only if there are channels. It never serves a
 * client; what it does in a turn of the loop is bounded.
 */

import {
  type ChannelStore,
  createChannelMemory,
  openChannelStore,
  type StoreFigures,
} from "../channels/mod.ts";
import type { ChannelsConfig, Config } from "../config/mod.ts";
import { preciseClock } from "../os/mod.ts";
import type { ChannelsStart } from "../thread/mod.ts";
import { changedSecretFiles, readSecretTexts } from "./secret_texts.ts";

/** Milliseconds between two sweeps, and the part of the store that one visits: all of it in five seconds. */
const SWEEP_INTERVAL = 250;
const SWEEP_SHARE = 1 / 20;
/** Steps of a removal between two turns of the loop: less than a millisecond. */
const REMOVAL_STEPS = 16;
const PLACES = {
  readText: Deno.readTextFileSync,
  variable: (name: string) => Deno.env.get(name),
};

/** A config with channels. */
type ChannelKeeperConfig = Pick<Config, "workers" | "channelLimits"> & {
  readonly channels: ChannelsConfig;
};

/** Keeps the memory of all channels. */
export class ChannelKeeper {
  /** What every worker starts with, also one that replaces a dead one. */
  readonly start: ChannelsStart;
  readonly #store: ChannelStore;
  readonly #workers: number;
  readonly #ring: (worker: number) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #removing: Promise<void> = Promise.resolve();

  /**
   * @param config the dimensions, and where the secrets are
   * @param ring wakes a worker
   * @throws {RangeError} if the memory is too small for so many workers
   * @throws if a secret cannot be read
   */
  constructor(
    { workers, channelLimits: { memoryBytes: bytes }, channels }: ChannelKeeperConfig,
    ring: (worker: number) => void,
  ) {
    const secrets = readSecretTexts(channels, PLACES);
    const random = crypto.getRandomValues(new Uint32Array(7));
    const memory = createChannelMemory({ bytes, workers, random });
    this.start = { memory, secrets };
    this.#workers = workers;
    this.#ring = ring;
    this.#store = openChannelStore(memory, { writer: workers, now: preciseClock(), ring });
    this.#timer = setInterval(() => this.#store.sweep(SWEEP_SHARE), SWEEP_INTERVAL);
  }

  /** What the channels hold, for metrics. */
  figures(): StoreFigures {
    return this.#store.figures();
  }

  /** Warns if files of secrets have changed since the start. */
  warnOfChanges(warn: (text: string) => void): void {
    const changed = changedSecretFiles(this.start.secrets, PLACES.readText);
    if (changed.length === 0) return;
    warn(`new contents take effect only after a restart: ${changed.join(", ")}`);
  }

  /** Removes the subscribers and members of a worker that has ended. */
  remove(worker: number): void {
    // It may have published and not rung: until they look, no other thread would ring.
    for (let other = 0; other < this.#workers; other++) if (other !== worker) this.#ring(other);
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
