/**
 * Random numbers that are the same in every run: the seed of tests and fuzzers.
 *
 * In: a seed of 32 bits. Out: integers and bytes. Called by tests only; a failure is reproduced by its
 * seed. The generator is Mulberry32 (Tommy Ettinger, public domain): one word of state, every seed
 * is good, and the distribution is far better than a fuzzer needs. Never for keys.
 */

/** A seeded generator; equal seeds give equal sequences. */
export class Random {
  #state: number;

  /** @param seed any number, taken modulo 2^32 */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next integer, 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** The next integer, 0 to `n` - 1. Throws RangeError unless `n` is an integer of 1 to 2^32. */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 0x1_0000_0000) {
      throw new RangeError(`Cannot draw below ${n}: it must be an integer from 1 to 2^32`);
    }
    return Math.floor((this.uint32() / 0x1_0000_0000) * n);
  }

  /** `n` new random bytes. */
  bytes(n: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(n);
    for (let i = 0; i < n; i++) bytes[i] = this.uint32() >>> 24;
    return bytes;
  }
}
