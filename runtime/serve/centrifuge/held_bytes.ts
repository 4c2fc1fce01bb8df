/**
 * Bytes of messages that clients of one worker have sent and that cannot be carried out yet.
 *
 * In: the length of each. Out: whether there is room for it. A token may have to wait for a key set, and an answer for its client;
 * what clients send meanwhile must not take all memory, however many they are.
 */

/** The bound of one worker. */
export class HeldBytes {
  readonly #bound: number;
  #bytes = 0;

  /** @param bound bytes */
  constructor(bound: number) {
    this.#bound = bound;
  }

  /** How many are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Holds bytes. Returns false if there is no room for them. */
  hold(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bound) return false;
    this.#bytes += bytes;
    return true;
  }

  /** They are held no more. */
  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
