/**
 * A memory allocator in shared memory, for blocks of any length, by two-level segregated fit (TLSF).
 *
 * In: a number of words. Out: the address of that many words, or 0 if no free block is long enough. Both operations
 * take a bounded number of steps, and a freed block is joined with its free neighbours at once. Called only by the
 * holder of the lock; every change goes through the journal.
 *
 * ```text
 * control word  0                 bit per level: whether it has a free block
 *               1 + level         bit per step: whether that list has a free block
 *              27 + 16 × level + step   the list's first block, or 0
 *
 * block word    0   words of the whole block, even; bit 0: free
 *               1   the block before it in memory, or 0
 *               2   payload: the address that callers see. Free: the next block of the list, or 0
 *               3                                          Free: the previous block of the list, or 0
 * ```
 * Level 0 has blocks below 32 words, in steps of 2; level L > 0 those from 2^(L+4) on, in 16 steps.
 */
import type { Journal } from "./journal.ts";
import { HEAP_LEVELS, HEAP_STEPS } from "./layout.ts";

const FREE = 1;
const BEFORE = 1;
const PAYLOAD = 2;
const NEXT = 2;
const PREVIOUS = 3;
const MIN_WORDS = 4;
const SMALL_WORDS = 32;
const STEPS_AT = 1;
const LISTS_AT = 1 + HEAP_LEVELS;
const STEP_SHIFT = 4;
/** Blocks of the list of a length that are looked at; plain TLSF looks at none, and does not reuse a freed block. */
const TRIES = 4;

/** The allocator; each thread has an object of its own over the same words. */
export class Heap {
  readonly #words: Int32Array;
  readonly #journal: Journal;
  readonly #control: number;

  /**
   * @param words the whole shared memory
   * @param journal where changes go through
   * @param control the first word of the control block
   */
  constructor(words: Int32Array, journal: Journal, control: number) {
    this.#words = words;
    this.#journal = journal;
    this.#control = control;
  }

  /** The first word of the used block at the end. */
  get end(): number {
    return (this.#words.length & ~1) - MIN_WORDS;
  }

  /** The words from here to {@link end} are the contents of a free block: nobody reads them. */
  get freeFrom(): number {
    const words = this.#words;
    const last = words[this.end + BEFORE]!;
    return (words[last]! & FREE) === 0 ? this.end : last + MIN_WORDS;
  }

  /** The block whose header says whether it is free, for {@link freeFrom}: as many words from here on. */
  get lastBlock(): { readonly from: number; readonly words: number } {
    return { from: this.#words[this.end + BEFORE]!, words: MIN_WORDS };
  }

  /** Makes the words from `start`, which is even and above 0, one free block. Called once, before others see it. */
  initialize(start: number): void {
    const words = this.#words;
    const { end } = this;
    words[start] = end - start;
    words[start + BEFORE] = 0;
    // A used block at the end: the last free block has no free neighbour behind it.
    words[end] = MIN_WORDS;
    words[end + BEFORE] = start;
    this.#insert(start, end - start);
    this.#journal.commit();
  }

  /** The address of `count` words, whose contents are undefined, or 0 if there is no room. */
  allocate(count: number): number {
    const need = Math.max(MIN_WORDS, (count + PAYLOAD + 1) & ~1);
    const block = this.#find(need);
    if (block === 0) return 0;
    const journal = this.#journal;
    const size = this.#words[block]! & ~FREE;
    this.#remove(block, size);
    if (size - need >= MIN_WORDS) {
      const rest = block + need;
      journal.set(rest + BEFORE, block);
      journal.set(block + size + BEFORE, rest);
      this.#insert(rest, size - need);
      journal.set(block, need);
    } else {
      journal.set(block, size);
    }
    // The caller writes the payload without the journal; a rollback must restore the links.
    journal.set(block + NEXT, 0);
    journal.set(block + PREVIOUS, 0);
    return block + PAYLOAD;
  }

  /** Frees what {@link allocate} returned. */
  free(address: number): void {
    const words = this.#words;
    const journal = this.#journal;
    let block = address - PAYLOAD;
    let size = words[block]! & ~FREE;
    const behind = block + size;
    const behindSize = words[behind]!;
    if ((behindSize & FREE) !== 0) {
      this.#remove(behind, behindSize & ~FREE);
      size += behindSize & ~FREE;
    }
    const before = words[block + BEFORE]!;
    if (before !== 0 && (words[before]! & FREE) !== 0) {
      const beforeSize = words[before]! & ~FREE;
      this.#remove(before, beforeSize);
      block = before;
      size += beforeSize;
    }
    journal.set(block + size + BEFORE, block);
    this.#insert(block, size);
  }

  /** Words of the whole block at an address, its header included. */
  wordsOf(address: number): number {
    return this.#words[address - PAYLOAD]! & ~FREE;
  }

  /** A free block of at least `need` words, or 0. */
  #find(need: number): number {
    const words = this.#words;
    // Blocks of the same length come and go: the list of that length first, though not all of it is long enough.
    const ownLevel = levelOf(need);
    let block = words[this.#list(ownLevel, stepOf(need, ownLevel))]!;
    for (let i = 0; block !== 0 && i < TRIES; i++) {
      if ((words[block]! & ~FREE) >= need) return block;
      block = words[block + NEXT]!;
    }
    // Round up to the next step, so that every block of its list is long enough.
    const atLeast = need < SMALL_WORDS ? need : need + (1 << (27 - Math.clz32(need))) - 1;
    let level = levelOf(atLeast);
    let bits = words[this.#control + STEPS_AT + level]! & (-1 << stepOf(atLeast, level));
    if (bits === 0) {
      const levels = words[this.#control]! & (-1 << (level + 1));
      if (levels === 0) return 0;
      level = lowestBit(levels);
      bits = words[this.#control + STEPS_AT + level]!;
    }
    return words[this.#list(level, lowestBit(bits))]!;
  }

  #list(level: number, step: number): number {
    return this.#control + LISTS_AT + level * HEAP_STEPS + step;
  }

  /** Marks the block as free and puts it first in its list. */
  #insert(block: number, size: number): void {
    const words = this.#words;
    const journal = this.#journal;
    const level = levelOf(size);
    const step = stepOf(size, level);
    const list = this.#list(level, step);
    const next = words[list]!;
    journal.set(block, size | FREE);
    journal.set(block + NEXT, next);
    journal.set(block + PREVIOUS, 0);
    journal.set(list, block);
    if (next !== 0) {
      journal.set(next + PREVIOUS, block);
      return;
    }
    const steps = this.#control + STEPS_AT + level;
    journal.set(steps, words[steps]! | (1 << step));
    journal.set(this.#control, words[this.#control]! | (1 << level));
  }

  /** Takes a free block out of its list. */
  #remove(block: number, size: number): void {
    const words = this.#words;
    const journal = this.#journal;
    const next = words[block + NEXT]!;
    const previous = words[block + PREVIOUS]!;
    if (next !== 0) journal.set(next + PREVIOUS, previous);
    if (previous !== 0) {
      journal.set(previous + NEXT, next);
      return;
    }
    const level = levelOf(size);
    const step = stepOf(size, level);
    journal.set(this.#list(level, step), next);
    if (next !== 0) return;
    const steps = this.#control + STEPS_AT + level;
    journal.set(steps, words[steps]! & ~(1 << step));
    if (words[steps] === 0) journal.set(this.#control, words[this.#control]! & ~(1 << level));
  }
}

function levelOf(size: number): number {
  return size < SMALL_WORDS ? 0 : 31 - Math.clz32(size) - STEP_SHIFT;
}

function stepOf(size: number, level: number): number {
  return level === 0 ? size >> 1 : (size >> level) & (HEAP_STEPS - 1);
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
