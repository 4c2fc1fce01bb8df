/**
 * The keys of TLS session tickets, in shared memory: all workers have the same, so each resumes the sessions of all.
 *
 * In: a new key from the main thread, from time to time. Out: the newest key, which encrypts, and the ones before it,
 * with which tickets are still decrypted. One thread writes. A key that is overwritten while another thread reads
 * it belongs to tickets that have expired long before; half of it decrypts nothing.
 *
 * ```text
 * word 0                     how many keys there were
 * bytes 4 + 80 × (n % 4) …   key n: its name (16), then for HMAC (32), then for AES (32)
 * ```
 */

/** Bytes of a key. */
export const TICKET_KEY_BYTES = 80;
/** The newest, and those whose tickets are still accepted. */
const KEYS = 4;
const HEADER_BYTES = 4;

/** Creates the memory, without a key. */
export function createTicketKeys(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + KEYS * TICKET_KEY_BYTES);
}

/** The keys; each thread has an object of its own over the same memory. */
export class TicketKeys {
  readonly #count: Int32Array;
  readonly #bytes: Uint8Array;

  /** @param memory made by {@link createTicketKeys} */
  constructor(memory: SharedArrayBuffer) {
    this.#count = new Int32Array(memory, 0, 1);
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  /** From now on this key encrypts; the oldest one is forgotten. Called by the main thread. */
  add(key: Uint8Array): void {
    if (key.length !== TICKET_KEY_BYTES) throw new RangeError("not a ticket key");
    const number = Atomics.load(this.#count, 0);
    this.#bytes.set(key, (number % KEYS) * TICKET_KEY_BYTES);
    // Publishes the key.
    Atomics.store(this.#count, 0, number + 1);
  }

  /** How many keys there are, the newest first. */
  get size(): number {
    return Math.min(Atomics.load(this.#count, 0), KEYS);
  }

  /** Copies a key; `age` 0: the newest, below {@link size}. */
  read(age: number, into: Uint8Array): void {
    const start = ((Atomics.load(this.#count, 0) - 1 - age) % KEYS) * TICKET_KEY_BYTES;
    into.set(this.#bytes.subarray(start, start + TICKET_KEY_BYTES));
  }
}
