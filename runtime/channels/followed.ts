/**
 * Followed channels: those whose publications come from an engine outside, with the offsets and the epoch that they have there.
 *
 * In: a channel and the text of its epoch in the engine. Out: which channels are followed, and the text for the number that the epoch has
 * in this store. Another text, or another position, is always another number: what a number means never changes. Only channels
 * that are followed have the node. Called only by the holder of the lock.
 */
import { STATE } from "./layout.ts";
import type { NodeKey } from "./node_table.ts";
import { FOLLOWED, NODE, NODE_KIND, wordsFor } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

const NO_KEY = new Uint8Array(0);

/** What is followed. */
export class Followed {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;

  /** @param memory the store's memory */
  constructor(memory: StoreMemory) {
    this.#memory = memory;
    this.#words = memory.words;
  }

  /** Words that a text takes. */
  static wordsOf(text: Uint8Array): number {
    return FOLLOWED.text + wordsFor(text.length);
  }

  /** The node of a channel, or 0: it is not followed. */
  find(channel: number): number {
    return this.findEpoch(this.#words[channel + NODE.epoch]!);
  }

  /** The node of the channel with this epoch, or 0. */
  findEpoch(epoch: number): number {
    if (this.#words[STATE.followed] === 0) return 0;
    const key = keyOf(epoch);
    return this.#memory.table.find(this.#memory.table.hash(key), key);
  }

  /** A copy of the text of a node. */
  textOf(node: number): Uint8Array {
    const at = (node + FOLLOWED.text) * 4;
    return this.#memory.bytes.slice(at, at + this.#words[node + FOLLOWED.length]!);
  }

  /** Enters a text for a channel that has none; part of a transaction. Returns false if there is no room. */
  add(epoch: number, text: Uint8Array): boolean {
    const { table, journal } = this.#memory;
    const node = this.#memory.allocate(Followed.wordsOf(text));
    if (node === 0) return false;
    this.#words[node + FOLLOWED.length] = text.length;
    this.#memory.bytes.set(text, (node + FOLLOWED.text) * 4);
    const key = keyOf(epoch);
    table.insert(node, table.hash(key), key);
    journal.add(STATE.followed, 1);
    return true;
  }

  /** Takes a node out; part of a transaction, which releases it at its end. */
  remove(node: number): void {
    this.#memory.table.remove(node);
    this.#memory.journal.add(STATE.followed, -1);
  }
}

function keyOf(epoch: number): NodeKey {
  return { kind: NODE_KIND.followed, epoch, key: NO_KEY };
}
