/**
 * Which worker owns which descriptor, in shared memory.
 *
 * In: claims and releases of workers. Out: the descriptors that a worker owns.
 * A worker claims a descriptor when it takes it off the task ring and releases it before it closes
 * it. When a worker dies without closing, the main thread closes what {@link DescriptorTable.ownedBy}
 * still lists, so that no client waits on a socket that nobody serves.
 *
 * ```text
 * word fd: 0 owned by none, or the number of the worker + 1
 * ```
 * The owner releases a descriptor before it closes it, never after: once it is closed, the kernel may give the
 * same number to the next connection, and a late release would take it from its new owner. A worker that dies
 * between the two leaves one descriptor open; with the other order, another connection's descriptor would be
 * closed.
 */

/** The owner of each descriptor; each thread has an object of its own over the same words. */
export class DescriptorTable {
  readonly #owners: Int32Array;

  /** @param owners the block of the table in shared memory, initially all 0 */
  constructor(owners: Int32Array) {
    this.#owners = owners;
  }

  /** How many descriptors have an entry: 0 to capacity - 1. */
  get capacity(): number {
    return this.#owners.length;
  }

  /**
   * Records that `worker` owns `descriptor`; called only by the thread that holds the descriptor.
   *
   * @returns false if the descriptor is beyond the table: the caller closes it, as at any other limit
   */
  claim(descriptor: number, worker: number): boolean {
    if (descriptor < 0 || descriptor >= this.#owners.length) return false;
    // Publishes the ownership, to the main thread if this worker dies.
    Atomics.store(this.#owners, descriptor, worker + 1);
    return true;
  }

  /** Records that no worker owns `descriptor`; called only by its owner, before it closes it. */
  release(descriptor: number): void {
    if (descriptor < 0 || descriptor >= this.#owners.length) return;
    // Publishes that the main thread has nothing to close here.
    Atomics.store(this.#owners, descriptor, 0);
  }

  /**
   * The descriptors that `worker` owns, lowest first. Walks the whole table, so it is meant for a worker that
   * died and not for the hot path. The caller may release a yielded descriptor during the walk.
   */
  *ownedBy(worker: number): Generator<number, void, undefined> {
    for (let descriptor = 0; descriptor < this.#owners.length; descriptor++) {
      if (Atomics.load(this.#owners, descriptor) === worker + 1) yield descriptor;
    }
  }
}
