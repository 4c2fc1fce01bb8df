/**
 * A reserve of open descriptors, which connections cannot take.
 *
 * In: how many. Out: `lend`, which closes them while an action opens others: a thread that starts, a log that
 * is reopened. Accepting pauses meanwhile, and until the reserve is full again: else the next client would
 * get the descriptor that was meant for the thread. Main thread only.
 */

import { hasDescriptors, hasLibc, LinuxOs } from "../os/mod.ts";
import type { Flags } from "../ring/mod.ts";

/** Milliseconds between two checks of a condition that other threads change. */
const POLL_INTERVAL = 50;

/** The reserve of a process; without libc there is none. */
export class DescriptorReserve {
  readonly #count: number;
  readonly #flags: Pick<Flags, "setAcceptingPaused">;
  readonly #os = hasLibc() ? new LinuxOs() : null;
  readonly #held: number[] = [];
  #borrowers = 0;
  #isClosed = false;

  constructor(count: number, flags: Pick<Flags, "setAcceptingPaused">) {
    this.#count = count;
    this.#flags = flags;
  }

  /** Opens what is missing; false if not all could be opened. */
  fill(): boolean {
    while (this.#os !== null && this.#held.length < this.#count) {
      const descriptor = this.#os.eventfd();
      if (descriptor < 0) return false;
      this.#held.push(descriptor);
    }
    return true;
  }

  /** Runs `action` with the descriptors of the reserve free. */
  async lend<T>(action: () => Promise<T>): Promise<T> {
    this.#borrowers++;
    this.#flags.setAcceptingPaused(true);
    this.#closeAll();
    try {
      return await action();
    } finally {
      this.#borrowers--;
      void this.#takeBack();
    }
  }

  /** Lends the reserve only if fewer than that many other descriptors are free. */
  lendIfShort<T>(action: () => Promise<T>): Promise<T> {
    return hasDescriptors(this.#count) ? action() : this.lend(action);
  }

  /** Closes the reserve for good. */
  close(): void {
    this.#isClosed = true;
    this.#closeAll();
  }

  async #takeBack(): Promise<void> {
    await waitUntil(() => this.#borrowers > 0 || this.#isClosed || this.fill());
    if (this.#borrowers === 0) this.#flags.setAcceptingPaused(false);
  }

  #closeAll(): void {
    for (const descriptor of this.#held.splice(0)) this.#os?.close(descriptor);
  }
}

/** Fulfilled when `condition` holds, at once if it does already. */
export async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
}
