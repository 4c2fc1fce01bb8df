/**
 * How many connections each peer address has, in shared memory, for a limit of connections per address.
 *
 * In: the descriptor and address of each connection, and the descriptor again before it is closed. Out: how
 * many connections its address has. One thread at a time enters connections; the thread that closes a
 * connection calls `leave`. An address has its entry in a window that begins at its hash. An entry whose count
 * is 0 is free, so nothing is ever deleted. If all entries of a window belong to other addresses, the
 * connection is not counted: the table limits a single address, not many of them.
 *
 * ```text
 * entry (16 bytes):  key 0 | key 1 | family | connections
 * place of a descriptor (4 bytes):  number of its entry + 1, or 0
 * ```
 * The key of an IPv4 address, also of one mapped into IPv6, is the address. The key of an IPv6 address is its
 * first 64 bits: one host may use all of the rest (RFC 4291 section 2.5.4).
 */

import { ADDRESS_ENTRY_BYTES } from "./layout.ts";

const ENTRY_WORDS = ADDRESS_ENTRY_BYTES / 4;
const COUNT = 3;
/** Entries that are searched for one address. */
const WINDOW = 16;
// ::ffff:0:0/96 as words in network order, read on a little-endian machine.
const MAPPED_PREFIX = 0xffff0000 | 0;

/** Connections by address; each thread has an object of its own over the same words. */
export class AddressTable {
  readonly #entries: Int32Array;
  readonly #places: Int32Array;
  readonly #mask: number;
  readonly #key = new Int32Array(COUNT);

  /**
   * @param entries the block of entries, a power of two of them, initially all 0; if empty, nothing is counted
   * @param places a word for each descriptor, initially all 0
   */
  constructor(entries: Int32Array, places: Int32Array) {
    this.#entries = entries;
    this.#places = places;
    this.#mask = entries.length / ENTRY_WORDS - 1;
  }

  /**
   * Counts the connection `descriptor` of an address. Called only by the acceptor, before it hands the
   * connection over, or by a worker that accepts, within `flags.whileEntering`.
   *
   * @param address the four words of the address in network order, at `address[at]`
   * @returns how many connections that address has, this one included; 0 if it is not counted
   */
  enter(descriptor: number, family: number, address: Int32Array, at: number): number {
    if (this.#mask < 0 || descriptor >= this.#places.length) return 0;
    this.#setKey(family, address, at);
    const entry = this.#find();
    if (entry < 0) return 0;
    // Publishes the entry, to the thread that is then handed the descriptor.
    Atomics.store(this.#places, descriptor, entry + 1);
    return Atomics.add(this.#entries, entry * ENTRY_WORDS + COUNT, 1) + 1;
  }

  /** Called by the connection's owner before it closes it. Does nothing if it was not counted. */
  leave(descriptor: number): void {
    if (this.#mask < 0 || descriptor >= this.#places.length) return;
    const place = Atomics.exchange(this.#places, descriptor, 0);
    // Publishes that the entry may be free: this connection no longer refers to it.
    if (place > 0) Atomics.sub(this.#entries, (place - 1) * ENTRY_WORDS + COUNT, 1);
  }

  #setKey(family: number, address: Int32Array, at: number): void {
    if (at + 4 > address.length) throw new RangeError("an address has four words");
    const first = address[at]!;
    const second = address[at + 1]!;
    const third = address[at + 2]!;
    const fourth = address[at + 3]!;
    const mapped = first === 0 && second === 0 && third === MAPPED_PREFIX;
    this.#key[0] = mapped ? fourth : first;
    this.#key[1] = mapped ? 0 : second;
    // Never 0, so that a fresh entry matches no address; a mapped address counts as IPv4.
    this.#key[2] = mapped ? 2 : family;
  }

  /** The entry with the key; otherwise a free entry, which gets the key; otherwise -1. */
  #find(): number {
    const start = this.#hash();
    let free = -1;
    for (let i = 0; i < WINDOW; i++) {
      const entry = (start + i) & this.#mask;
      if (this.#hasKey(entry)) return entry;
      const count = Atomics.load(this.#entries, entry * ENTRY_WORDS + COUNT);
      if (free < 0 && count === 0) free = entry;
    }
    // The keys are read and written by one thread at a time: no store here publishes anything.
    if (free >= 0) this.#entries.set(this.#key, free * ENTRY_WORDS);
    return free;
  }

  #hasKey(entry: number): boolean {
    const at = entry * ENTRY_WORDS;
    const entries = this.#entries;
    return entries[at] === this.#key[0] && entries[at + 1] === this.#key[1] &&
      entries[at + 2] === this.#key[2];
  }

  #hash(): number {
    let hash = Math.imul(this.#key[0]! ^ 0x9e3779b9, 0x85ebca6b); // three words: in bounds
    hash = Math.imul(hash ^ (hash >>> 15) ^ this.#key[1]!, 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & this.#mask;
  }
}
