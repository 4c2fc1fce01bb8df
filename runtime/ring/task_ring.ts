/**
 * The queue of tasks from those who have work to those who look for it, in shared memory.
 *
 * Any thread may push, any thread may pop, none waits for another: Dmitry Vyukov's bounded queue
 * of many producers and many consumers. The acceptor pushes accepted connections, idle workers
 * pop them. "Full" and "empty" are answers. It never blocks and never allocates; waking a worker
 * that sleeps is the matter of flags.ts, after a push.
 *
 * ```text
 * word  0  tail: the position that the next push claims      (a pair of cache lines)
 *      32  head: the position that the next pop claims       (a pair of cache lines)
 *      64  slot 0, slot 1, …, 16 words each:
 *          +0 sequence   +1 … +12 the task   +13 … +15 unused
 * ```
 * A position counts pushes and is never reduced to the capacity; its slot is `position & mask`.
 * A slot's sequence tells whose turn it is: `position` means free for the push of that position,
 * `position + 1` means filled for the pop of that position, after which it becomes
 * `position + capacity`, free for the next lap. Positions are int32 and wrap at 2^32 on purpose:
 * only differences are looked at, and those by `| 0`.
 *
 * A thread must not be terminated from outside while it is in here: a position that was claimed
 * and not published stops the ring there for all.
 */
import { TASK_RING_HEADER_BYTES, TASK_SLOT_BYTES } from "./layout.ts";

/** Words of a task. A task is handed over as an Int32Array of this many, filled in by the caller. */
export const TASK_WORDS = 12;

/** Index of each field of a task; the address takes four words, words 9 to 11 are spare. */
export const TASK_FIELD = {
  /** What is to be done: one of {@link TASK_KIND}. */
  kind: 0,
  /** The descriptor that goes with it, owned by whoever holds the task. */
  descriptor: 1,
  /** Address family of the peer as the system numbers it (AF_INET, AF_INET6). */
  family: 2,
  /** Port of the peer. */
  port: 3,
  /** First of four words that hold the peer's address, 16 bytes in network order. */
  address: 4,
  /** When it was ready to be taken: milliseconds of the monotonic clock, as an int32 that wraps. */
  readyAt: 8,
} as const;

/** The kinds of task there are; 0 is none, so that memory never written is not a task. */
export const TASK_KIND = {
  /** An accepted connection to serve. */
  connection: 1,
} as const;

const TAIL = 0;
const HEAD = TASK_RING_HEADER_BYTES / 2 / 4;
const SLOTS = TASK_RING_HEADER_BYTES / 4;
const SLOT_SHIFT = Math.log2(TASK_SLOT_BYTES / 4);

/** A bounded queue of tasks; one object a thread, all over the same words. */
export class TaskRing {
  readonly #words: Int32Array;
  readonly #mask: number;

  /** @param words the block of the ring in shared memory, header and slots and nothing more */
  constructor(words: Int32Array) {
    this.#words = words;
    this.#mask = ((words.length - SLOTS) >> SLOT_SHIFT) - 1;
  }

  /**
   * Prepares fresh memory. Called once, by the thread that made it, before others see it.
   *
   * @param position the first position, any int32; a test starts just under a wrap
   */
  static initialize(words: Int32Array, position: number): void {
    const capacity = (words.length - SLOTS) >> SLOT_SHIFT;
    const first = position | 0;
    // Nobody reads these yet: what publishes the memory is the magic word of its header.
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
   * How many tasks are in it, 0 to the capacity. Late at once: others push and pop while it is
   * computed. Good for a metric, not for a decision; ask push and pop.
   */
  size(): number {
    // The head first: the tail can then only be ahead of it, never behind.
    const head = Atomics.load(this.#words, HEAD);
    const tail = Atomics.load(this.#words, TAIL);
    return Math.min((tail - head) | 0, this.#mask + 1);
  }

  /**
   * For how many milliseconds the oldest task has been ready, -1 where there is none; any thread. Late at
   * once, as {@link size}: for who decides whether to leave it to others.
   *
   * @param now milliseconds of the monotonic clock
   */
  ageOfOldest(now: number): number {
    const words = this.#words;
    const position = Atomics.load(words, HEAD);
    const slot = slotOf(position, this.#mask);
    if (Atomics.load(words, slot) !== ((position + 1) | 0)) return -1;
    // Both wrap at 2^32, so the difference is right; another clock's reading may be a little ahead.
    return Math.max((now - words[slot + 1 + TASK_FIELD.readyAt]!) | 0, 0);
  }

  /**
   * Adds a task; any thread.
   *
   * @param task {@link TASK_WORDS} words, copied
   * @returns false when full. A slot whose pop is still copying counts as taken.
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
    // Publishes the words of the task, to the pop that reads this sequence.
    Atomics.store(words, slot, (position + 1) | 0);
    return true;
  }

  /**
   * Takes the oldest task; any thread.
   *
   * @param into {@link TASK_WORDS} words, overwritten only when there is a task
   * @returns false when empty. A task whose push is still copying is not there yet, nor are those
   * behind it: who pushes them rings for them.
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
