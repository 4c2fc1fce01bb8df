/**
 * Which worker owns which descriptor, in shared memory.
 *
 * A worker claims a descriptor when it takes it off the task ring and releases it before it closes
 * it. When a worker dies without closing, the main thread closes what {@link DescriptorTable.ownedBy}
 * still lists, so that no client waits on a socket that nobody serves.
 *
 * ```text
 * word fd: 0 owned by none, or the number of the worker + 1
 * ```
 * Release comes before close and never after: once closed, the system may give the same number to
 * the next connection, and a late release would take it from its new owner. Whoever dies between
 * the two leaves one descriptor open; the other order would close a stranger's.
 */

/** The owner of each descriptor; one object a thread, all over the same words. */
export class DescriptorTable {
  readonly #owners: Int32Array;

  /** @param owners the block of the table in shared memory, all 0 when fresh */
  constructor(owners: Int32Array) {
    this.#owners = owners;
  }

  /** How many descriptors have an entry: 0 to this less one. */
  get capacity(): number {
    return this.#owners.length;
  }

  /**
   * Notes that `worker` owns `descriptor`; only the thread that holds the descriptor.
   *
   * @returns false if the table has no entry for a descriptor so high: the caller closes it, as at
   * any other limit
   */
  claim(descriptor: number, worker: number): boolean {
    if (descriptor < 0 || descriptor >= this.#owners.length) return false;
    // Publishes the ownership, to the main thread should this worker die.
    Atomics.store(this.#owners, descriptor, worker + 1);
    return true;
  }

  /** Notes that none owns `descriptor`; only its owner, and before it is closed. */
  release(descriptor: number): void {
    if (descriptor < 0 || descriptor >= this.#owners.length) return;
    // Publishes that the main thread has nothing to close here.
    Atomics.store(this.#owners, descriptor, 0);
  }

  /**
   * The descriptors that `worker` owns, lowest first. Walks the whole table: for the worker that
   * died, not for the hot path. Releasing what it yields, while it goes on, is allowed.
   */
  *ownedBy(worker: number): Generator<number, void, undefined> {
    for (let descriptor = 0; descriptor < this.#owners.length; descriptor++) {
      if (Atomics.load(this.#owners, descriptor) === worker + 1) yield descriptor;
    }
  }
}
