/**
 * Idempotency keys: a publication that is sent again gets the answer of the first one.
 *
 * In: a channel and a key. Out: the offset that the first publication with this key got. A key is kept for a time and
 * keeps its channel, and so the epoch of the answer. Called only by the holder of the lock.
 */
import { STATE } from "./layout.ts";
import type { NodeKey } from "./node_table.ts";
import { CHANNEL, IDEMPOTENCY, NODE, NODE_KIND, readWide, upperWord, wordsFor } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Milliseconds for which a key is kept. */
export const IDEMPOTENCY_MS = 5 * 60 * 1000;

/** The keys of all channels. */
export class Idempotency {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;

  /** @param memory the store's memory */
  constructor(memory: StoreMemory) {
    this.#memory = memory;
    this.#words = memory.words;
  }

  /** Words that a key takes. */
  static wordsOf(key: Uint8Array): number {
    return IDEMPOTENCY.key + wordsFor(key.length);
  }

  /** The node of a key that has not expired, or 0; removes one that has, and commits. */
  find(channel: number, key: Uint8Array): number {
    const { table } = this.#memory;
    const nodeKey = this.#nodeKey(channel, key);
    const node = table.find(table.hash(nodeKey), nodeKey);
    if (node === 0 || !this.isExpired(node)) return node;
    this.remove(node);
    return 0;
  }

  /** The offset that the first publication with this key got. */
  offsetOf(node: number): number {
    return readWide(this.#words, node + IDEMPOTENCY.offset);
  }

  /** Enters a key; part of the publication's transaction. Returns false if there is no room. */
  add(channel: number, key: Uint8Array, offset: number): boolean {
    const { table, journal } = this.#memory;
    const words = this.#words;
    const node = this.#memory.allocate(Idempotency.wordsOf(key));
    if (node === 0) return false;
    words[node + IDEMPOTENCY.offset] = offset | 0;
    words[node + IDEMPOTENCY.offset + 1] = upperWord(offset);
    words[node + IDEMPOTENCY.expires] = this.#memory.tickAfter(IDEMPOTENCY_MS);
    words[node + IDEMPOTENCY.channel] = channel;
    const nodeKey = this.#nodeKey(channel, key);
    table.insert(node, table.hash(nodeKey), nodeKey);
    journal.add(channel + CHANNEL.keys, 1);
    journal.add(STATE.keys, 1);
    return true;
  }

  /** Whether a key's time is over. */
  isExpired(node: number): boolean {
    return this.#memory.isPast(this.#words[node + IDEMPOTENCY.expires]!);
  }

  /** Removes a key; commits. */
  remove(node: number): void {
    const { table, journal } = this.#memory;
    journal.add(this.#words[node + IDEMPOTENCY.channel]! + CHANNEL.keys, -1);
    journal.add(STATE.keys, -1);
    table.remove(node);
    this.#memory.release(node);
    journal.commit();
  }

  #nodeKey(channel: number, key: Uint8Array): NodeKey {
    return { kind: NODE_KIND.idempotency, epoch: this.#words[channel + NODE.epoch]!, key };
  }
}
