/**
 * The frame of every operation: lock, work, show readers the result, unlock, ring.
 *
 * In: a piece of work of a few microseconds. Out: its result, or undefined if another thread kept the lock for too long. If
 * the work throws, what it changed since its last commit is rolled back.
 */
import type { Bells } from "./bells.ts";
import type { Feed } from "./feed.ts";
import { SEAL, STATE } from "./layout.ts";
import type { StoreLock } from "./lock.ts";
import { stampOf } from "./stamp.ts";
import { type StoreMemory, TICK_MS } from "./store_memory.ts";

/** Runs work under the lock. */
export class Guard {
  readonly #memory: StoreMemory;
  readonly #lock: StoreLock;
  readonly #feed: Feed;
  readonly #bells: Bells;
  readonly #now: () => number;

  /** @param on what it works on, and the clock */
  constructor(
    on: { memory: StoreMemory; lock: StoreLock; feed: Feed; bells: Bells; now: () => number },
  ) {
    this.#memory = on.memory;
    this.#lock = on.lock;
    this.#feed = on.feed;
    this.#bells = on.bells;
    this.#now = on.now;
  }

  /** Whether no operation can begin any more. */
  get isSealed(): boolean {
    return Atomics.load(this.#memory.words, STATE.sealed) !== SEAL.open;
  }

  /** Begins an operation. Returns false if the store is busy, or sealed; otherwise {@link end} must follow in any case. */
  begin(): boolean {
    const now = this.#now();
    if (!this.#lock.acquire()) return false;
    if (this.isSealed) {
      this.#lock.release();
      return false;
    }
    this.#memory.advanceTo(Math.floor(now / TICK_MS) | 0);
    this.#memory.stamp = stampOf(now);
    return true;
  }

  /** Ends an operation. What was not committed is rolled back: it has failed. */
  end(): void {
    this.#lock.requireHeld();
    this.#memory.journal.rollback();
    this.#feed.publish();
    this.#lock.release();
    this.#bells.ring();
  }

  /** Runs an action that changes nothing, also after the memory was given away; undefined: the store is busy, or about to be another one. */
  read<Result>(action: () => Result): Result | undefined {
    if (!this.#lock.acquire()) return undefined;
    try {
      const isAwaiting = Atomics.load(this.#memory.words, STATE.sealed) === SEAL.awaiting;
      return isAwaiting ? undefined : action();
    } finally {
      this.#lock.release();
    }
  }

  /** Runs an action as one operation; undefined if the store is busy. */
  run<Result>(action: () => Result): Result | undefined {
    if (!this.begin()) return undefined;
    try {
      return action();
    } finally {
      this.end();
    }
  }
}
