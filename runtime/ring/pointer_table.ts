/**
 * Addresses of C objects that belong to worker threads, in shared memory: if a thread dies, the main thread frees
 * them.
 *
 * In: each worker's own addresses, and those of its connections by descriptor. Out: what a dead worker left. Only
 * the owner writes, and the main thread after the owner's end. Every address is a double, which holds it exactly
 * (below 2^53) and, being aligned, is seen whole (see counters.ts).
 *
 * ```text
 * doubles  0 … descriptors - 1    the connection on this descriptor, or 0
 *          64 × worker            how many addresses this worker has of its own, then the addresses
 * ```
 */

/** As many descriptors as the descriptor table has by default: others are not served. */
const DESCRIPTORS = 65_536;
/** Doubles of each worker's block. */
const OWN_SLOTS = 64;
const DOUBLE_BYTES = 8;

/** Creates the memory. Its pages exist once they are written to. */
export function createPointerTable(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((DESCRIPTORS + workers * OWN_SLOTS) * DOUBLE_BYTES);
}

/** The table; each thread has an object of its own over the same memory. */
export class PointerTable {
  readonly #slots: Float64Array;

  /** @param memory made by {@link createPointerTable} */
  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Float64Array(memory);
  }

  /** Records the connection on a descriptor; 0: there is none any more. */
  setConnection(descriptor: number, address: number): void {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) this.#slots[descriptor] = address;
  }

  /** The connection on a descriptor, or 0; forgets it. */
  takeConnection(descriptor: number): number {
    const address = descriptor < DESCRIPTORS ? this.#slots[descriptor]! : 0;
    this.setConnection(descriptor, 0);
    return address;
  }

  /** Replaces a worker's own addresses. Those that do not fit are lost if it dies. */
  setOwn(worker: number, addresses: readonly number[]): void {
    const start = DESCRIPTORS + worker * OWN_SLOTS;
    const kept = addresses.slice(0, OWN_SLOTS - 1);
    this.#slots[start] = 0; // a thread that dies here leaves nothing that is half written
    this.#slots.set(kept, start + 1);
    this.#slots[start] = kept.length;
  }

  /** A worker's own addresses; forgets them. */
  takeOwn(worker: number): number[] {
    const start = DESCRIPTORS + worker * OWN_SLOTS;
    const own = [...this.#slots.subarray(start + 1, start + 1 + this.#slots[start]!)];
    this.#slots[start] = 0;
    return own;
  }
}
