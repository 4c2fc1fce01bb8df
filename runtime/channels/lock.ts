/**
 * The lock of the store: it knows its holder, is never waited for without a bound, and can be taken from a dead one.
 *
 * In: the number of the calling writer. Out: whether it holds the lock. Workers are the writers 0 to N - 1, the main
 * thread is writer N. The holder does a bounded piece of work, a few microseconds at most, and no system call.
 *
 * ```text
 * lock word:            0, or  writer + 1 (9 bits) | how often it has acquired (22 bits)
 * generation of writer: raised when the writer is declared dead
 * ```
 * A waiter first spins, then sleeps in short steps: nobody notifies it, so a release is one instruction. If the
 * bound passes, the caller gets false and reports a temporary error. It does not wait again for the same holding:
 * the worker of a dead holder's neighbour loses the bound once, until the main thread has taken the lock away.
 *
 * `terminate()` does not end a busy thread at once (from Deno 2.8 on never). Such a thread may go on for a while after
 * it was declared dead. It finds its generation raised when it acquires the lock next, and throws.
 */
import { GENERATIONS, LOCK } from "./layout.ts";

/** Tries before a waiter sleeps, about 5 µs: longer than most holdings (tests/bench/channels_bench.ts). */
const SPINS = 400;
/** Milliseconds of one sleep: the shortest that the kernel grants, about 0.06 to 0.2. */
const SLEEP_MS = 0.02;
/**
 * The longest wait, in milliseconds. A living holder is waited for that long only if the kernel keeps it from its core: with
 * twice as many busy threads as cores, that took up to 50 ms, once in some ten thousand operations.
 */
const LONGEST_WAIT_MS = 100;
/** How long a dead writer's lock is left to it: a living remainder of the thread needs microseconds. */
const GRACE_MS = 100;

const WRITER_BITS = 9;
const WRITER_MASK = (1 << WRITER_BITS) - 1;
const COUNT_MASK = 0x3f_ffff;

/** Thrown in a thread that was declared dead and runs on: it must not touch the store any more. */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/** The lock as one writer sees it. */
export class StoreLock {
  readonly #words: Int32Array;
  readonly #writer: number;
  readonly #generation: number;
  readonly #graceMs: number;
  #acquisitions = 0;
  /** The lock word for which the wait was given up, or 0. */
  #givenUp = 0;

  /**
   * @param words the whole shared memory
   * @param writer the number of this thread
   * @param graceMs how long {@link takeFrom} leaves the lock to a dead writer
   */
  constructor(words: Int32Array, writer: number, graceMs = GRACE_MS) {
    this.#words = words;
    this.#writer = writer;
    this.#graceMs = graceMs;
    this.#generation = Atomics.load(words, GENERATIONS + writer);
  }

  /**
   * Acquires the lock.
   *
   * @returns false if another thread has kept it for longer than the bound
   * @throws {SupersededError} if this writer was declared dead
   */
  acquire(): boolean {
    const words = this.#words;
    this.#acquisitions = (this.#acquisitions + 1) & COUNT_MASK;
    const mine = this.#mine();
    // Acquires everything that the last holder changed.
    const holder = Atomics.compareExchange(words, LOCK, 0, mine);
    if (holder !== 0 && !this.#wait(mine, holder)) return false;
    if (Atomics.load(words, GENERATIONS + this.#writer) !== this.#generation) {
      this.release();
      throw new SupersededError("this thread was replaced: it must not use the channels any more");
    }
    return true;
  }

  /** Checks that this thread holds the lock. @throws {SupersededError} if it was taken from it */
  requireHeld(): void {
    if (Atomics.load(this.#words, LOCK) !== this.#mine()) {
      throw new SupersededError("the lock was taken from this thread: it was declared dead");
    }
  }

  /** Releases the lock, which this thread holds. */
  release(): void {
    // Publishes everything that this holder changed.
    Atomics.store(this.#words, LOCK, 0);
  }

  /**
   * Declares a writer dead: it can never acquire the lock again. If it holds the lock, this thread takes it over.
   * Only the main thread calls this, after the writer has ended, and without holding the lock.
   *
   * @returns true if this thread now holds the dead writer's lock and must roll back and release it
   */
  takeFrom(writer: number): boolean {
    const words = this.#words;
    Atomics.add(words, GENERATIONS + writer, 1);
    const deadline = performance.now() + this.#graceMs;
    this.#acquisitions = (this.#acquisitions + 1) & COUNT_MASK;
    for (;;) {
      const holder = Atomics.load(words, LOCK);
      if ((holder & WRITER_MASK) !== writer + 1) return false;
      if (performance.now() < deadline) {
        Atomics.wait(words as Int32Array<SharedArrayBuffer>, LOCK, holder, 1);
      } else if (Atomics.compareExchange(words, LOCK, holder, this.#mine()) === holder) {
        return true;
      }
    }
  }

  #mine(): number {
    return (this.#acquisitions << WRITER_BITS) | (this.#writer + 1);
  }

  #wait(mine: number, first: number): boolean {
    const words = this.#words;
    if (first === this.#givenUp) return false;
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.load(words, LOCK) !== 0) continue;
      if (Atomics.compareExchange(words, LOCK, 0, mine) === 0) return true;
    }
    const deadline = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const holder = Atomics.compareExchange(words, LOCK, 0, mine);
      if (holder === 0) return true;
      if (performance.now() >= deadline) {
        this.#givenUp = holder;
        return false;
      }
      Atomics.wait(words as Int32Array<SharedArrayBuffer>, LOCK, holder, SLEEP_MS);
    }
  }
}
