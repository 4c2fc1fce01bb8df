/**
 * Finds where the bytes of one document stand in another one, by a hash of blocks.
 *
 * In: a document, whose aligned blocks are entered once; then hashes, of any place of another document. Out: blocks that
 * may have that hash, the first ones of the document first. A block that repeats the one before it is left out: a long run of equal bytes has
 * one entry, from which a match goes on by itself. The memory is kept for the next document, unless it is large.
 */

/** Bytes of a block. */
export const BLOCK_BYTES = 16;
/** No block. */
export const NO_BLOCK = -1;

/** The factor of the hash, which is a polynomial modulo 2^32; any odd number with mixed bits. */
const FACTOR = 0x9e3779b1 | 0;
/** What the byte that leaves the block is multiplied by. */
const LEAVING = power(FACTOR, BLOCK_BYTES - 1);
/** Mixes the upper bits of the hash into the place in the table. */
const MIX = 0x85ebca6b | 0;
/** Room for so many blocks is kept for the next document. */
const KEPT_BLOCKS = 16 * 1024;

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
}

/** The hash of the block that begins at `start`; the caller has checked that it is whole. */
export function blockHash(bytes: Uint8Array, start: number): number {
  let hash = 0;
  for (let i = start; i < start + BLOCK_BYTES; i++) {
    hash = (Math.imul(hash, FACTOR) + bytes[i]!) | 0;
  }
  return hash;
}

/** The hash of the next block: `leaving` was its first byte, `entering` is its last one. */
export function rollHash(hash: number, leaving: number, entering: number): number {
  return (Math.imul((hash - Math.imul(leaving, LEAVING)) | 0, FACTOR) + entering) | 0;
}

/** The blocks of one document. */
export class BlockIndex {
  /** By the hash: the first block of the bucket, or {@link NO_BLOCK}. */
  #heads = new Int32Array(0);
  /** By the block: the next one of its bucket. */
  #nexts = new Int32Array(0);
  #shift = 0;

  /** Enters the blocks of a document, instead of those of the one before. */
  enter(bytes: Uint8Array): void {
    const count = Math.floor(bytes.length / BLOCK_BYTES);
    let bits = 4;
    while ((1 << bits) < 2 * count) bits++;
    this.#reserve(count, 1 << bits);
    this.#shift = 32 - bits;
    const heads = this.#heads;
    const nexts = this.#nexts;
    heads.fill(NO_BLOCK, 0, 1 << bits);
    // Backwards, so that the first block of a bucket is the first one of the document.
    let later = 0;
    for (let block = count - 1; block >= 0; block--) {
      const hash = blockHash(bytes, block * BLOCK_BYTES);
      const slot = this.#slot(hash);
      const head = heads[slot]!;
      // If the block behind is the same, this one stands for both.
      nexts[block] = hash === later && head === block + 1 ? nexts[head]! : head;
      heads[slot] = block;
      later = hash;
    }
  }

  /** The first block that may have this hash, or {@link NO_BLOCK}. */
  first(hash: number): number {
    return this.#heads[this.#slot(hash)]!;
  }

  /** The next one, or {@link NO_BLOCK}. The caller takes a bounded number of them: an attacker can fill a bucket. */
  next(block: number): number {
    return this.#nexts[block]!;
  }

  /** Gives back memory that a large document took. */
  trim(): void {
    if (this.#nexts.length <= KEPT_BLOCKS) return;
    this.#heads = new Int32Array(0);
    this.#nexts = new Int32Array(0);
  }

  #slot(hash: number): number {
    return Math.imul(hash ^ (hash >>> 15), MIX) >>> this.#shift;
  }

  #reserve(blocks: number, slots: number): void {
    if (this.#nexts.length < blocks) this.#nexts = new Int32Array(blocks);
    if (this.#heads.length < slots) this.#heads = new Int32Array(slots);
  }
}
