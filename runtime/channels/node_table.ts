/**
 * The hash table of all nodes: channels by name; members, users, idempotency keys, versions and what is followed by channel and key;
 * token buckets.
 *
 * In: a kind, the channel's epoch (0 for a channel itself), and the bytes of the key. Out: the address of the node, or
 * 0. Chains of nodes begin in the buckets; the number of buckets is fixed, one for 512 bytes of memory. Called only by
 * the holder of the lock. Records are in records.ts.
 */
import type { Journal } from "./journal.ts";
import type { KeyedHash } from "./keyed_hash.ts";
import type { ChannelLayout } from "./layout.ts";
import {
  CHANNEL,
  FOLLOWED,
  IDEMPOTENCY,
  keyLengthOf,
  LENGTH_SHIFT,
  MEMBER,
  NODE,
  NODE_KIND,
  type NodeKind,
  RATE,
  USER,
  VERSION,
} from "./records.ts";

const KIND_MASK = 0xff;

/** What a node is searched by. */
export interface NodeKey {
  readonly kind: NodeKind;
  /** The epoch of its channel; 0 for a channel, and for what belongs to none. */
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** The table; each thread has an object of its own over the same words. */
export class NodeTable {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #journal: Journal;
  readonly #hash: KeyedHash;
  readonly #buckets: number;
  readonly #mask: number;
  /** The word of the key by kind. */
  readonly #keyAt: readonly number[];

  /** @param on the views of the whole memory, and what works on it */
  constructor(
    on: {
      words: Int32Array;
      bytes: Uint8Array;
      journal: Journal;
      hash: KeyedHash;
      layout: ChannelLayout;
    },
  ) {
    this.#words = on.words;
    this.#bytes = on.bytes;
    this.#journal = on.journal;
    this.#hash = on.hash;
    this.#buckets = on.layout.buckets;
    this.#mask = on.layout.bucketCount - 1;
    this.#keyAt = [
      0,
      CHANNEL.subscribers + on.layout.workers,
      IDEMPOTENCY.key,
      VERSION.epoch,
      USER.key,
      MEMBER.key,
      FOLLOWED.text,
      RATE.key,
    ];
  }

  /** How many buckets there are. */
  get bucketCount(): number {
    return this.#mask + 1;
  }

  /** The hash of a key, for {@link find} and {@link insert}; no lock is needed. */
  hash({ kind, epoch, key }: NodeKey): number {
    const salt = kind === NODE_KIND.channel ? kind : Math.imul(epoch, 8) ^ kind;
    return this.#hash.hash(salt, key);
  }

  /** The node with this key, or 0. */
  find(hash: number, { kind, epoch, key }: NodeKey): number {
    const words = this.#words;
    const kindWord = kind | (key.length << LENGTH_SHIFT);
    let node = words[this.#buckets + (hash & this.#mask)]!;
    for (; node !== 0; node = words[node + NODE.next]!) {
      if (words[node + NODE.hash] !== hash || words[node + NODE.kind] !== kindWord) continue;
      if (kind !== NODE_KIND.channel && words[node + NODE.epoch] !== (epoch | 0)) continue;
      if (this.#hasKey(node, kind, key)) return node;
    }
    return 0;
  }

  /** Writes the common words and the key of a node that this transaction allocated, and enters it. */
  insert(node: number, hash: number, { kind, epoch, key }: NodeKey): void {
    const words = this.#words;
    const bucket = this.#buckets + (hash & this.#mask);
    words[node + NODE.next] = words[bucket]!;
    words[node + NODE.hash] = hash;
    words[node + NODE.kind] = kind | (key.length << LENGTH_SHIFT);
    words[node + NODE.epoch] = epoch | 0;
    this.#bytes.set(key, this.keyStart(node));
    this.#journal.set(bucket, node);
  }

  /** Takes a node out of its chain; the caller frees it. */
  remove(node: number): void {
    const words = this.#words;
    const bucket = this.#buckets + (words[node + NODE.hash]! & this.#mask);
    let link = bucket;
    while (words[link] !== node) link = words[link]! + NODE.next;
    this.#journal.set(link, words[node + NODE.next]!);
  }

  /** The first node of bucket `index`, or 0. */
  first(index: number): number {
    return this.#words[this.#buckets + (index & this.#mask)]!;
  }

  /** The kind of a node. */
  kindOf(node: number): NodeKind {
    return (this.#words[node + NODE.kind]! & KIND_MASK) as NodeKind;
  }

  /** The length of a node's key in bytes. */
  keyLength(node: number): number {
    return keyLengthOf(this.#words, node);
  }

  /** The first byte of a node's key. */
  keyStart(node: number): number {
    return (node + this.#keyAt[this.kindOf(node)]!) * 4;
  }

  /** Words of a node of this kind before its key. */
  fixedWords(kind: NodeKind): number {
    return this.#keyAt[kind]!;
  }

  #hasKey(node: number, kind: NodeKind, key: Uint8Array): boolean {
    const bytes = this.#bytes;
    const start = (node + this.#keyAt[kind]!) * 4;
    for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
    return true;
  }
}
