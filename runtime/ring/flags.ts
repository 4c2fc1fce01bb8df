/**
 * The parked and alive flags of all workers, and the server-wide flags, in shared memory.
 *
 * In: a flag to set, to clear or to take. Out: its state, or the worker that the caller must ring.
 * Any thread reads the flags and takes parked ones; a worker parks and unparks itself. This file rings no
 * doorbell: the thread that takes a parked flag writes to that worker's eventfd itself.
 *
 * ```text
 * word  0        draining: 0; 1 while connections are left to a new server, 2 at a stop (a pair of cache lines)
 *       1        all loaded: 0 or 1
 *       2        1 while a thread enters an address, 2 if others may wait for it
 *      16        1 while accepting is paused
 *      17        1 while the descriptors of connections are near their ceiling
 *      18        1 if the new server takes open connections, too
 *      19        1 from the moment on in which the channels are about to be handed over
 *      32 … 39   parked: bit worker % 32 of word worker / 32 (a pair of cache lines)
 *      64 … 71   alive: the same                             (a pair of cache lines)
 *      72 … 79   giving: the same; 1 while the worker waits for connections that it has given up to go on in the new server
 * ```
 * There is one bit per worker, so a push that finds no parked worker has read one word per 32 workers.
 *
 * ## How a worker parks without losing a wake-up
 *
 * ```text
 * worker w                                  pusher (any thread)
 * W1  flags.park(w)                         P1  taskRing.push(task)   or inbox(w).write(…)
 * W2  check ring, inbox, draining again     P2  flags.takeParked(…)   or takeIfParked(w)
 *     found: unpark(w), go on working       P3  taken: write to that worker's eventfd
 * W3  block until a descriptor is ready,
 *     the eventfd among them
 * W4  flags.unpark(w), check everything
 * ```
 * All four of W1, W2, P1, P2 are sequentially consistent, so all threads agree on one order of
 * them. Either P1 comes before W2, and the worker sees the task and does not sleep; or W2 comes
 * before P1, hence W1 before P2, and the pusher sees the flag. Then it rings, and an eventfd keeps its count
 * until it is read, so that ringing between W2 and W3 ends W3 at once. It cannot happen that both see nothing.
 * If another pusher took the flag first, that pusher rings the same worker, which checks everything (W4) after
 * that.
 *
 * The other order, check and then park, loses a task that is pushed between the two; tests check the order. A
 * flag taken from a worker that woke by itself costs one unnecessary wake-up, no more.
 *
 * Only a worker that may take tasks may park: no other worker is woken for a task that a parked worker leaves
 * on the ring. A worker that leaves tasks to one with fewer connections sleeps for a few milliseconds at most
 * and then checks again; above a certain age of the task, any worker takes it.
 */
import { PAIR_BYTES } from "./layout.ts";

const DRAINING = 0;
const HANDING_OVER = 1;
const STOPPING = 2;
const ALL_LOADED = 1;
const ENTERING = 2;
const PAUSED = 16;
const NEAR_CEILING = 17;
const MOVING = 18;
const FROZEN = 19;
/** Attempts to get the lock without a sleep: a thread holds it for less than a microsecond. */
const LOCK_SPINS = 200;
/** Waits for the lock, a millisecond each at most. */
const LOCK_WAITS = 100;
const PARKED = PAIR_BYTES / 4;
const ALIVE = 2 * PARKED;
const GIVING = ALIVE + 8;

/** Flags of all workers; each thread has an object of its own over the same words. */
export class Flags {
  readonly #words: Int32Array;
  readonly #workers: number;
  /** Words in use of each row of bits. */
  readonly #rowWords: number;

  /**
   * @param words the block of the flags in shared memory, initially all 0
   * @param workers how many workers there are, 1 to 256
   */
  constructor(words: Int32Array, workers: number) {
    this.#words = words;
    this.#workers = workers;
    this.#rowWords = (workers + 31) >> 5;
  }

  /** Sets the parked flag (W1 above); the caller must then check all sources of work. */
  park(worker: number): void {
    // Publishes only itself: from here on, a thread that brings work rings.
    Atomics.or(this.#words, PARKED + (worker >> 5), 1 << (worker & 31));
  }

  /**
   * Clears the parked flag.
   *
   * @returns true if the flag was still set; false if another thread took it, which has rung the doorbell or is
   * about to
   */
  unpark(worker: number): boolean {
    return this.takeIfParked(worker);
  }

  /**
   * Takes the flag of any one parked worker (P2 above, after a push on the task ring).
   *
   * @param startAt the worker to check first, so that the same one is not always woken
   * @returns the worker, whose eventfd the caller must now ring, or -1 if no worker was parked
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
    // Most callers find the worker awake: a read leaves the cache line shared, a write would take it over.
    if (!this.isParked(worker)) return false;
    const bit = 1 << (worker & 31);
    return (Atomics.and(this.#words, PARKED + (worker >> 5), ~bit) & bit) !== 0;
  }

  /** Whether this worker is parked; may be out of date. */
  isParked(worker: number): boolean {
    return this.#isSet(PARKED, worker);
  }

  /** Sets that the server is stopping, for good; the caller must then wake every parked worker. */
  setDraining(): void {
    // Publishes only itself. It counts as a push (P1 above): take the parked flags and ring after it.
    Atomics.store(this.#words, DRAINING, STOPPING);
  }

  /** The same, but a new server accepts from the same sockets, so that there is time. A stop may follow. */
  setHandingOver(): void {
    // As above.
    Atomics.store(this.#words, DRAINING, HANDING_OVER);
  }

  /** Sets whether the new server takes open connections; called before {@link setHandingOver}, and if it is gone. */
  setMoving(moving: boolean): void {
    // Published by setHandingOver, or by the doorbell.
    Atomics.store(this.#words, MOVING, moving ? 1 : 0);
  }

  /** Whether the new server takes open connections; valid while {@link isHandingOver}. */
  isMoving(): boolean {
    return Atomics.load(this.#words, MOVING) !== 0;
  }

  /** Whether a new server has taken over, and no stop was requested since. */
  isHandingOver(): boolean {
    return Atomics.load(this.#words, DRAINING) === HANDING_OVER;
  }

  /** Whether the server is stopping, for one reason or the other. */
  isDraining(): boolean {
    return Atomics.load(this.#words, DRAINING) !== 0;
  }

  /** Sets whether accepting is paused; an acceptor holds a connection that it accepts meanwhile. */
  setAcceptingPaused(paused: boolean): void {
    // Publishes only itself. A thread that is about to accept may still accept one connection.
    Atomics.store(this.#words, PAUSED, paused ? 1 : 0);
  }

  /** Whether accepting is paused. */
  isAcceptingPaused(): boolean {
    return Atomics.load(this.#words, PAUSED) !== 0;
  }

  /** Sets whether requests wait for the new server that are about what is handed over. */
  setFrozen(frozen: boolean): void {
    // Publishes only itself: each worker is told, too.
    Atomics.store(this.#words, FROZEN, frozen ? 1 : 0);
  }

  /** Whether such requests wait. */
  isFrozen(): boolean {
    return Atomics.load(this.#words, FROZEN) !== 0;
  }

  /** Sets whether connections have descriptors near the ceiling, so that the threads that accept look at the next one. */
  setNearCeiling(near: boolean): void {
    // Publishes only itself. Most calls change nothing: a read leaves the cache line shared.
    if (this.isNearCeiling() !== near) Atomics.store(this.#words, NEAR_CEILING, near ? 1 : 0);
  }

  /** Whether connections have descriptors near the ceiling; may be out of date. */
  isNearCeiling(): boolean {
    return Atomics.load(this.#words, NEAR_CEILING) !== 0;
  }

  /**
   * Sets whether all threads have loaded their modules and obeyed their orders; the caller must then ring every
   * doorbell. Called only by the main thread.
   */
  setAllLoaded(allLoaded: boolean): void {
    // Publishes only itself.
    Atomics.store(this.#words, ALL_LOADED, allLoaded ? 1 : 0);
  }

  /** Whether all threads have loaded their modules, so that each may block in the kernel. */
  isAllLoaded(): boolean {
    return Atomics.load(this.#words, ALL_LOADED) !== 0;
  }

  /**
   * Runs `enter` under a lock: if several threads accept, each enters addresses. The lock of a thread that died
   * within it is ignored after a tenth of a second.
   */
  whileEntering<Result>(enter: () => Result): Result {
    if (!this.#enteredBySpinning()) {
      for (let i = 0; i < LOCK_WAITS; i++) {
        if (Atomics.exchange(this.#words, ENTERING, 2) === 0) break;
        Atomics.wait(this.#words, ENTERING, 2, 1);
      }
    }
    try {
      return enter();
    } finally {
      // Publishes the entries.
      if (Atomics.exchange(this.#words, ENTERING, 0) === 2) {
        Atomics.notify(this.#words, ENTERING, 1);
      }
    }
  }

  #enteredBySpinning(): boolean {
    for (let i = 0; i < LOCK_SPINS; i++) {
      if (Atomics.compareExchange(this.#words, ENTERING, 0, 1) === 0) return true;
    }
    return false;
  }

  /** Sets that this worker is alive; called by the worker once it can take tasks. */
  setAlive(worker: number): void {
    // Publishes everything that the worker set up before.
    Atomics.or(this.#words, ALIVE + (worker >> 5), 1 << (worker & 31));
  }

  /**
   * Sets that this worker is gone, and takes its parked flag so that no thread rings for it; called by the
   * thread that saw it end. A task may have been pushed for it: the caller must then wake another worker.
   */
  setDead(worker: number): void {
    // Publishes only itself.
    Atomics.and(this.#words, ALIVE + (worker >> 5), ~(1 << (worker & 31)));
    this.takeIfParked(worker);
  }

  /** Whether this worker is alive; may be out of date. */
  isAlive(worker: number): boolean {
    return this.#isSet(ALIVE, worker);
  }

  /** Sets that this worker is about to give up connections, and to wait for the new server to go on with them. */
  setGiving(worker: number): void {
    // Published with the message that has the connections.
    Atomics.or(this.#words, GIVING + (worker >> 5), 1 << (worker & 31));
  }

  /** The new server goes on with what this worker has given up: ends {@link awaitTaken}. */
  setTaken(worker: number): void {
    const word = GIVING + (worker >> 5);
    // Publishes only itself.
    Atomics.and(this.#words, word, ~(1 << (worker & 31)));
    Atomics.notify(this.#words, word);
  }

  /** Blocks until {@link setTaken}, which may have been called already, or so many milliseconds are over. */
  awaitTaken(worker: number, milliseconds: number): void {
    const word = GIVING + (worker >> 5);
    const end = performance.now() + milliseconds;
    while (this.#isSet(GIVING, worker)) {
      const left = end - performance.now();
      if (left <= 0) return;
      Atomics.wait(this.#words, word, Atomics.load(this.#words, word) | (1 << (worker & 31)), left);
    }
  }

  /** Whether this worker's bit is set in the row of words that begins at `row`. */
  #isSet(row: number, worker: number): boolean {
    return (Atomics.load(this.#words, row + (worker >> 5)) & (1 << (worker & 31))) !== 0;
  }

  /** Takes the lowest parked worker of one word among `candidates`; returns -1 if there is none. */
  #takeFrom(word: number, candidates: number): number {
    const words = this.#words;
    for (;;) {
      const parked = Atomics.load(words, PARKED + word) & candidates;
      if (parked === 0) return -1;
      const bit = parked & -parked;
      // Another thread may have been faster: check again, more workers may be parked.
      if ((Atomics.and(words, PARKED + word, ~bit) & bit) !== 0) {
        return (word << 5) + 31 - Math.clz32(bit);
      }
    }
  }
}
