/**
 * An undo journal in shared memory: what a thread changed under the lock can be taken back if it dies there.
 *
 * In: every change of a word that other threads may already know. Out: `commit` makes the changes since the last
 * commit final, `rollback` takes them back, newest first. Called only by the holder of the lock, and by the main
 * thread for a holder that died.
 *
 * ```text
 * word  0        number of entries
 *       1 + 2n   entry n: index of the word | its value before the change
 * ```
 * The entry is stored before the word that it is about. Plain stores are enough: a JavaScript thread stops
 * between operations, never within one, and what it stored before is visible to the thread that finds it dead.
 *
 * Words of a block that the same transaction allocated need no entry: nobody knows the block yet. For this to
 * hold, a transaction never allocates what it has freed itself: it frees last, or commits in between.
 */
import { JOURNAL_ENTRIES } from "./layout.ts";

/** The journal of the store; each thread has an object of its own over the same words. */
export class Journal {
  readonly #words: Int32Array;
  readonly #at: number;

  /**
   * @param words the whole shared memory
   * @param at the journal's first word
   */
  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** Changes a word. @throws {RangeError} if the transaction is longer than the journal */
  set(index: number, value: number): void {
    const words = this.#words;
    const at = this.#at;
    const count = words[at]!;
    if (count >= JOURNAL_ENTRIES) throw new RangeError("the journal is full");
    const entry = at + 1 + 2 * count;
    words[entry] = index;
    words[entry + 1] = words[index]!;
    words[at] = count + 1;
    words[index] = value;
  }

  /** Adds to a word. */
  add(index: number, delta: number): void {
    this.set(index, this.#words[index]! + delta);
  }

  /** Makes the changes since the last commit final. */
  commit(): void {
    this.#words[this.#at] = 0;
  }

  /** Takes back the changes since the last commit; returns how many there were. */
  rollback(): number {
    const words = this.#words;
    const at = this.#at;
    const count = words[at]!;
    for (let i = count; i > 0; i--) {
      const entry = at + 1 + 2 * (i - 1);
      words[words[entry]!] = words[entry + 1]!;
      // One by one, so that a thread that dies in here leaves a journal that can be rolled back again.
      words[at] = i - 1;
    }
    return count;
  }
}
