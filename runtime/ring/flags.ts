/**
 * Parked and alive flags of all workers, and whether the server is draining, in shared memory.
 *
 * Any thread reads and takes; a worker parks and unparks itself. It rings nothing: who takes a
 * parked flag writes to that worker's eventfd itself.
 *
 * ```text
 * word  0, 1     draining, settled: 0 or 1                   (a pair of cache lines)
 *       2        1 while a thread enters an address
 *      16        1 while no connection may be accepted
 *      32 … 39   parked: bit worker % 32 of word worker / 32 (a pair of cache lines)
 *      64 … 71   alive: the same                             (a pair of cache lines)
 * ```
 * One bit a worker, so that a push which finds nobody asleep has read one word per 32 workers.
 *
 * ## How a worker sleeps and no wake-up is lost
 *
 * ```text
 * worker w                                  pusher (any thread)
 * W1  flags.park(w)                         P1  taskRing.push(task)   or inbox(w).write(…)
 * W2  look at ring, inbox, draining again   P2  flags.takeParked(…)   or takeIfParked(w)
 *     found: unpark(w), go on working       P3  taken: write to that worker's eventfd
 * W3  block until a descriptor is ready,
 *     the eventfd among them
 * W4  flags.unpark(w), look at everything
 * ```
 * All four of W1, W2, P1, P2 are sequentially consistent, so all threads agree on one order of
 * them. Either P1 comes before W2, and the worker sees the task and does not sleep; or W2 comes
 * before P1, hence W1 before P2, and the pusher sees the flag. Then it rings, and an eventfd keeps
 * its count until it is read, so that ringing between W2 and W3 ends W3 at once. Neither "sees
 * nothing" can happen to both. If another pusher took the flag first, that pusher rings the
 * same worker, which looks at everything (W4) after that.
 *
 * The other order, look and then park, loses the task that is pushed between the two; tests hold
 * the order. A flag taken from a worker that woke by itself costs one needless wake-up, no more.
 *
 * Only who may take tasks may park: nobody else is woken for a task that a parked worker would leave on the
 * ring. Who leaves tasks to another worker, which has fewer connections, sleeps for a few milliseconds at most and
 * then looks again; the task's age says when anybody takes it.
 */
import { PAIR_BYTES } from "./layout.ts";

const DRAINING = 0;
const SETTLED = 1;
const ENTERING = 2;
const HELD = 16;
/** Waits for the lock, a millisecond each: who holds it does so for less than a microsecond. */
const LOCK_WAITS = 100;
const PARKED = PAIR_BYTES / 4;
const ALIVE = 2 * PARKED;

/** Flags of all workers; one object a thread, all over the same words. */
export class Flags {
  readonly #words: Int32Array;
  readonly #workers: number;
  /** Words of a row of bits that are in use. */
  readonly #rowWords: number;

  /**
   * @param words the block of the flags in shared memory, all 0 when fresh
   * @param workers how many workers there are, 1 to 256
   */
  constructor(words: Int32Array, workers: number) {
    this.#words = words;
    this.#workers = workers;
    this.#rowWords = (workers + 31) >> 5;
  }

  /** Says that this worker is about to sleep (W1 above); look at all sources of work after it. */
  park(worker: number): void {
    // Publishes nothing but itself: from here on whoever brings work rings.
    Atomics.or(this.#words, PARKED + (worker >> 5), 1 << (worker & 31));
  }

  /**
   * Says that this worker is awake.
   *
   * @returns true if the flag was still up; false if somebody took it, whose doorbell has come or
   * is about to
   */
  unpark(worker: number): boolean {
    return this.takeIfParked(worker);
  }

  /**
   * Takes the flag of one parked worker, whichever (P2 above, after a push on the task ring).
   *
   * @param startAt the worker to look at first, so that the same is not always woken
   * @returns the worker, whose eventfd the caller must now ring, or -1 if none was parked
   */
  takeParked(startAt: number): number {
    const start = startAt >= 0 && startAt < this.#workers ? startAt : 0;
    const first = start >> 5;
    const upper = -1 << (start & 31);
    let taken = this.#takeFrom(first, upper);
    for (let i = 1; taken < 0 && i < this.#rowWords; i++) {
      taken = this.#takeFrom((first + i) % this.#rowWords, -1);
    }
    return taken >= 0 ? taken : this.#takeFrom(first, ~upper);
  }

  /**
   * Takes the flag of this worker if it is parked (P2 above, after a write to its inbox).
   *
   * @returns true if it was: the caller must now ring its eventfd
   */
  takeIfParked(worker: number): boolean {
    const bit = 1 << (worker & 31);
    const word = PARKED + (worker >> 5);
    // Most find nobody asleep: a read leaves the line with everyone, a clearing would fetch it.
    if ((Atomics.load(this.#words, word) & bit) === 0) return false;
    return (Atomics.and(this.#words, word, ~bit) & bit) !== 0;
  }

  /** Says that the server is stopping; wake every parked worker after it. Never taken back. */
  setDraining(): void {
    // Publishes nothing but itself. As a push (P1 above): take the parked flags and ring after it.
    Atomics.store(this.#words, DRAINING, 1);
  }

  /** Whether the server is stopping. */
  isDraining(): boolean {
    return Atomics.load(this.#words, DRAINING) !== 0;
  }

  /** Says whether accepting pauses; a connection that is accepted meanwhile waits with its acceptor. */
  setAcceptingHeld(held: boolean): void {
    // Publishes nothing but itself. Who is about to accept may still take one connection.
    Atomics.store(this.#words, HELD, held ? 1 : 0);
  }

  /** Whether accepting pauses. */
  isAcceptingHeld(): boolean {
    return Atomics.load(this.#words, HELD) !== 0;
  }

  /**
   * Says whether all threads have loaded what they run and obeyed what they were told; ring every
   * doorbell after it. Only the main thread.
   */
  setSettled(settled: boolean): void {
    // Publishes nothing but itself.
    Atomics.store(this.#words, SETTLED, settled ? 1 : 0);
  }

  /** Whether all threads have loaded what they run, so that each may block its own. */
  isSettled(): boolean {
    return Atomics.load(this.#words, SETTLED) !== 0;
  }

  /**
   * Runs `enter` while no other thread does: where several threads accept, each enters addresses. A thread
   * that died within it is not waited for beyond a tenth of a second.
   */
  whileEntering<Result>(enter: () => Result): Result {
    for (let i = 0; i < LOCK_WAITS; i++) {
      if (Atomics.compareExchange(this.#words, ENTERING, 0, 1) === 0) break;
      Atomics.wait(this.#words, ENTERING, 1, 1);
    }
    try {
      return enter();
    } finally {
      // Publishes what was entered.
      Atomics.store(this.#words, ENTERING, 0);
    }
  }

  /** Says that this worker serves; called by itself once it can take tasks. */
  setAlive(worker: number): void {
    // Publishes that all that the worker set up before is there.
    Atomics.or(this.#words, ALIVE + (worker >> 5), 1 << (worker & 31));
  }

  /**
   * Says that this worker is gone, and takes its parked flag so that nobody rings for it; called
   * by whoever saw it end. Tasks may have been pushed in reliance on it: wake another after it.
   */
  setDead(worker: number): void {
    // Publishes nothing but itself.
    Atomics.and(this.#words, ALIVE + (worker >> 5), ~(1 << (worker & 31)));
    this.takeIfParked(worker);
  }

  /** Whether this worker serves; may be late. */
  isAlive(worker: number): boolean {
    return (Atomics.load(this.#words, ALIVE + (worker >> 5)) & (1 << (worker & 31))) !== 0;
  }

  /** Takes the lowest parked worker of one word among `candidates`, or gives -1. */
  #takeFrom(word: number, candidates: number): number {
    const words = this.#words;
    for (;;) {
      const parked = Atomics.load(words, PARKED + word) & candidates;
      if (parked === 0) return -1;
      const bit = parked & -parked;
      // Another may have been quicker: then look again, there may be more asleep.
      if ((Atomics.and(words, PARKED + word, ~bit) & bit) !== 0) {
        return (word << 5) + 31 - Math.clz32(bit);
      }
    }
  }
}
