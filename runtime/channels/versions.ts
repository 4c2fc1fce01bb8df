/**
 * Versions: a publication of a state that is older than the state published last is skipped.
 *
 * In: a channel, a version above 0 and a version epoch, which may be empty. Out: whether the publication is old. Versions
 * are compared if the version epoch is empty or that of the last publication; with another one, numbering begins
 * again. Only channels that use versions have the node. Called only by the holder of the lock.
 */
import type { NodeKey } from "./node_table.ts";
import { NODE, NODE_KIND, readWide, upperWord, VERSION, wordsFor } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

const NO_KEY = new Uint8Array(0);

/** A publication's version. */
export interface Version {
  /** 1 to 2^53 - 1. */
  readonly version: number;
  /** Names the numbering; empty: whichever is in use. */
  readonly versionEpoch: Uint8Array;
}

/** The versions of all channels. */
export class Versions {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;

  /** @param memory the store's memory */
  constructor(memory: StoreMemory) {
    this.#memory = memory;
    this.#words = memory.words;
  }

  /** The channel's node, or 0. */
  find(channel: number): number {
    const key = this.#nodeKey(channel);
    return this.#memory.table.find(this.#memory.table.hash(key), key);
  }

  /** Words that a version takes. */
  static wordsOf(versionEpoch: Uint8Array): number {
    return VERSION.epoch + wordsFor(versionEpoch.length);
  }

  /** Whether a publication with this version must be skipped. */
  isOld(node: number, { version, versionEpoch }: Version): boolean {
    if (node === 0 || version > readWide(this.#words, node + VERSION.version)) return false;
    return versionEpoch.length === 0 || this.#hasEpoch(node, versionEpoch);
  }

  /**
   * Notes the version of a publication, at the end of its transaction: it frees the old node.
   *
   * @param node the result of {@link find}
   * @returns false if there is no room
   */
  set(channel: number, node: number, given: Version): boolean {
    const { journal, table } = this.#memory;
    if (node !== 0 && this.#hasEpoch(node, given.versionEpoch)) {
      journal.set(node + VERSION.version, given.version | 0);
      journal.set(node + VERSION.version + 1, upperWord(given.version));
      return true;
    }
    const fresh = this.#memory.allocate(Versions.wordsOf(given.versionEpoch));
    if (fresh === 0) return false;
    const words = this.#words;
    words[fresh + VERSION.version] = given.version | 0;
    words[fresh + VERSION.version + 1] = upperWord(given.version);
    words[fresh + VERSION.epochLength] = given.versionEpoch.length;
    this.#memory.bytes.set(given.versionEpoch, (fresh + VERSION.epoch) * 4);
    const key = this.#nodeKey(channel);
    if (node !== 0) table.remove(node);
    table.insert(fresh, table.hash(key), key);
    if (node !== 0) this.#memory.release(node);
    return true;
  }

  #hasEpoch(node: number, versionEpoch: Uint8Array): boolean {
    if (this.#words[node + VERSION.epochLength] !== versionEpoch.length) return false;
    const at = (node + VERSION.epoch) * 4;
    return versionEpoch.every((byte, i) => this.#memory.bytes[at + i] === byte);
  }

  #nodeKey(channel: number): NodeKey {
    return { kind: NODE_KIND.version, epoch: this.#words[channel + NODE.epoch]!, key: NO_KEY };
  }
}
