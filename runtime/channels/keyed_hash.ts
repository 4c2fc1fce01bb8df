/**
 * HalfSipHash-1-3: a hash of 32 bits that nobody can collide on purpose without the key.
 *
 * In: a secret key of two words, a salt, and bytes. Out: a word. Clients choose the names of channels; with an unkeyed
 * hash they could put thousands of them into one bucket and make each access slow for everybody.
 * Source: J.-P. Aumasson and D. J. Bernstein, SipHash, reference `halfsiphash.c` (public domain), with one
 * compression round and three final ones, as hash tables use it.
 */

/** Hashes with one key. */
export class KeyedHash {
  readonly #key0: number;
  readonly #key1: number;
  readonly #compressions: number;
  readonly #finals: number;

  /**
   * @param key two random words
   * @param rounds of each compression and at the end; others than the default only for the published test vectors
   */
  constructor(key: readonly [number, number], rounds: readonly [number, number] = [1, 3]) {
    [this.#key0, this.#key1] = key;
    [this.#compressions, this.#finals] = rounds;
  }

  /** The hash of `salt`, as four bytes in front, and `bytes`. */
  hash(salt: number, bytes: Uint8Array): number {
    let v0 = this.#key0;
    let v1 = this.#key1;
    let v2 = this.#key0 ^ 0x6c796765;
    let v3 = this.#key1 ^ 0x74656462;
    // The salt, the whole words, the rest with the length, and then the final rounds.
    const last = (bytes.length >> 2) + 1;
    for (let i = 0; i <= last + 1; i++) {
      const word = i === 0 ? salt : i < last ? wordAt(bytes, i - 1) : i === last ? rest(bytes) : 0;
      if (i > last) v2 ^= 0xff;
      v3 ^= word;
      for (let rounds = i > last ? this.#finals : this.#compressions; rounds > 0; rounds--) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
    }
    return v1 ^ v3;
  }
}

/** The whole word `index` of bytes, in little-endian order. */
function wordAt(bytes: Uint8Array, index: number): number {
  const at = index * 4;
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The bytes behind the last whole word, and the length, the salt's four bytes included. */
function rest(bytes: Uint8Array): number {
  let word = (bytes.length + 4) << 24;
  const start = bytes.length & ~3;
  for (let i = 0; start + i < bytes.length; i++) word |= bytes[start + i]! << (8 * i);
  return word;
}
