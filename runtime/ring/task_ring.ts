/**
 * The bounded queue of tasks from the threads that bring work to the workers, in shared memory.
 *
 * In: tasks that are pushed. Out: each task once, in the order of the pushes.
 * Any thread may push, any thread may pop, and no thread waits for another: Dmitry Vyukov's bounded
 * multi-producer, multi-consumer queue. The acceptor pushes accepted connections, idle workers pop them. "Full"
 * and "empty" are return values. It never blocks and never allocates. After a push the caller wakes a parked
 * worker by flags.ts.
 *
 * ```text
 * word  0  tail: the position that the next push claims      (a pair of cache lines)
 *      32  head: the position that the next pop claims       (a pair of cache lines)
 *      64  slot 0, slot 1, …, 16 words each:
 *          +0 sequence   +1 … +12 the task   +13 … +15 unused
 * ```
 * A position counts pushes and is never reduced to the capacity; its slot is `position & mask`. A slot's
 * sequence says who may use it: `position` means free for the push of that position,
 * `position + 1` means filled for the pop of that position, after which it becomes
 * `position + capacity`, free for the next lap. Positions are int32 and wrap at 2^32 on purpose:
 * only differences are used, by `| 0`.
 *
 * A thread must not be terminated from outside while it pushes or pops: a position that was claimed and not
 * published stops the ring for all threads.
 */
import { TASK_RING_HEADER_BYTES, TASK_SLOT_BYTES } from "./layout.ts";

/** Words of a task. A task is an Int32Array of this length, filled in by the caller. */
export const TASK_WORDS = 12;

/** Index of each field of a task; the address takes four words, words 9 to 11 are spare. */
export const TASK_FIELD = {
  /** The kind of task: one of {@link TASK_KIND}. */
  kind: 0,
  /** The descriptor, owned by the thread that holds the task. */
  descriptor: 1,
  /** Address family of the peer as the system numbers it (AF_INET, AF_INET6). */
  family: 2,
  /** Port of the peer. */
  port: 3,
  /** First of four words that hold the peer's address, 16 bytes in network order. */
  address: 4,
  /** When the task became ready: milliseconds of the monotonic clock, as an int32 that wraps. */
  readyAt: 8,
} as const;

/** The kinds of task; 0 is not one of them, so that unwritten memory is not a task. */
export const TASK_KIND = {
  /** An accepted connection to serve. */
  connection: 1,
  /** An accepted connection to the port that redirects to https. */
  redirect: 2,
  /** A connection above a limit, which is answered 503 over TLS and is counted nowhere else. */
  refused: 3,
} as const;

const TAIL = 0;
const HEAD = TASK_RING_HEADER_BYTES / 2 / 4;
const SLOTS = TASK_RING_HEADER_BYTES / 4;
const SLOT_SHIFT = Math.log2(TASK_SLOT_BYTES / 4);

/** A bounded queue of tasks; each thread has an object of its own over the same words. */
export class TaskRing {
  readonly #words: Int32Array;
  readonly #mask: number;

  /** @param words the block of the ring in shared memory: exactly header and slots */
  constructor(words: Int32Array) {
    this.#words = words;
    this.#mask = ((words.length - SLOTS) >> SLOT_SHIFT) - 1;
  }

  /**
   * Initializes the memory. Called once, by the thread that made it, before others see it.
   *
   * @param position the first position, any int32; a test starts just below a wrap
   */
  static initialize(words: Int32Array, position: number): void {
    const capacity = (words.length - SLOTS) >> SLOT_SHIFT;
    const first = position | 0;
    // No thread reads these yet: the magic word of the header publishes the memory.
    for (let i = 0; i < capacity; i++) {
      const claim = (first + i) | 0;
      Atomics.store(words, slotOf(claim, capacity - 1), claim);
    }
    Atomics.store(words, HEAD, first);
    Atomics.store(words, TAIL, first);
  }

  /** How many tasks it holds when full. */
  get capacity(): number {
    return this.#mask + 1;
  }

  /**
   * How many tasks are in it, 0 to the capacity. Out of date at once, as others push and pop meanwhile: for a
   * metric, not for a decision. The results of push and pop are exact.
   */
  size(): number {
    // The head first: the tail can then only be ahead of it, never behind.
    const head = Atomics.load(this.#words, HEAD);
    const tail = Atomics.load(this.#words, TAIL);
    return Math.min((tail - head) | 0, this.#mask + 1);
  }

  /**
   * For how many milliseconds the oldest task has been ready, -1 if there is none; any thread. Out of date at
   * once, as {@link size}; used to decide whether to leave a task to other workers.
   *
   * @param now milliseconds of the monotonic clock
   */
  ageOfOldest(now: number): number {
    const words = this.#words;
    const position = Atomics.load(words, HEAD);
    const slot = slotOf(position, this.#mask);
    if (Atomics.load(words, slot) !== ((position + 1) | 0)) return -1;
    // Both wrap at 2^32, so the difference is right; another thread's clock reading may be slightly ahead.
    return Math.max((now - words[slot + 1 + TASK_FIELD.readyAt]!) | 0, 0);
  }

  /**
   * Adds a task; any thread.
   *
   * @param task {@link TASK_WORDS} words, copied
   * @returns false if full. A slot whose pop is still copying counts as occupied.
   * @throws {RangeError} if the task is too short
   */
  push(task: Int32Array): boolean {
    if (task.length < TASK_WORDS) throw new RangeError(`A task has ${TASK_WORDS} words`);
    const words = this.#words;
    let position = Atomics.load(words, TAIL);
    let slot = 0;
    for (;;) {
      slot = slotOf(position, this.#mask);
      const turn = (Atomics.load(words, slot) - position) | 0;
      if (turn < 0) return false;
      if (turn > 0) {
        // Another push took this position since the tail was read.
        position = Atomics.load(words, TAIL);
        continue;
      }
      const seen = Atomics.compareExchange(words, TAIL, position, (position + 1) | 0);
      if (seen === position) break;
      position = seen;
    }
    for (let i = 0; i < TASK_WORDS; i++) words[slot + 1 + i] = task[i]!;
    // Publishes the words of the task, to the pop that reads this sequence number.
    Atomics.store(words, slot, (position + 1) | 0);
    return true;
  }

  /**
   * Takes the oldest task; any thread.
   *
   * @param into {@link TASK_WORDS} words, overwritten only when there is a task
   * @returns false if empty. A task whose push is still copying is not available yet, nor are those after it:
   * the threads that push them ring.
   * @throws {RangeError} if `into` is too short
   */
  pop(into: Int32Array): boolean {
    if (into.length < TASK_WORDS) throw new RangeError(`A task has ${TASK_WORDS} words`);
    const words = this.#words;
    let position = Atomics.load(words, HEAD);
    let slot = 0;
    for (;;) {
      slot = slotOf(position, this.#mask);
      const turn = (Atomics.load(words, slot) - (position + 1)) | 0;
      if (turn < 0) return false;
      if (turn > 0) {
        // Another pop took this position since the head was read.
        position = Atomics.load(words, HEAD);
        continue;
      }
      const seen = Atomics.compareExchange(words, HEAD, position, (position + 1) | 0);
      if (seen === position) break;
      position = seen;
    }
    for (let i = 0; i < TASK_WORDS; i++) into[i] = words[slot + 1 + i]!;
    // Publishes that the words were read: the slot is free for the push one lap later.
    Atomics.store(words, slot, (position + this.#mask + 1) | 0);
    return true;
  }
}

/** The first word of the slot of a position. */
function slotOf(position: number, mask: number): number {
  return SLOTS + ((position & mask) << SLOT_SHIFT);
}
