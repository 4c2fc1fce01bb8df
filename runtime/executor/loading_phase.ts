/**
 * The time in which workers load modules or have to obey orders: until it is over, none of them blocks.
 *
 * In: the beginning and the end of each start and reload, which may overlap. Out: the flag that all workers look
 * at before they block, and a wake-up of all of them when it changes. It begins with the start of the server.
 */

import type { Flags } from "../ring/mod.ts";

/** Counts the starts and reloads in progress. */
export class LoadingPhase {
  readonly #flags: Flags;
  readonly #wakeAll: () => void;
  #count = 1;

  /** @param wakeAll wakes every worker that is blocked */
  constructor(flags: Flags, wakeAll: () => void) {
    this.#flags = flags;
    this.#wakeAll = wakeAll;
  }

  /** Runs an action whose orders every worker must obey. */
  async during(action: () => Promise<unknown>): Promise<void> {
    this.#count++;
    this.#flags.setAllLoaded(false);
    this.#wakeAll();
    try {
      await action();
    } finally {
      this.end();
    }
  }

  /** The start, or an action, is over: threads may block again if no other one is in progress. */
  end(): void {
    if (--this.#count > 0) return;
    this.#flags.setAllLoaded(true);
    this.#wakeAll();
  }
}
