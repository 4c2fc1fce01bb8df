/**
 * Lists all channels, in slices of the hash table, beside threads that change it.
 *
 * In: a visitor. Out: each channel's name and counts. A channel that is created or removed meanwhile may be in the list or
 * not; every other one is in it once. Called by the API; a list of 100,000 channels takes some 10 ms in total.
 */
import type { ChannelDirectory } from "./channel_directory.ts";
import type { Guard } from "./guard.ts";
import { type RecordBuffer, RecordBuffers } from "./record_buffer.ts";
import { CHANNEL, keyLengthOf, NODE, NODE_KIND, readWide, wordsFor } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Buckets that one holding of the lock visits. */
const BUCKETS = 256;

/** Receives a channel; the name is valid until it returns. */
export type ChannelVisitor = (name: Uint8Array, counts: ChannelCounts) => void;

/** The counts of one channel. */
export interface ChannelCounts {
  /** Subscribers on all workers. */
  readonly subscribers: number;
  readonly members: number;
  readonly users: number;
  /** Of the latest publication. */
  readonly offset: number;
}

/** Copies of some channels, and how many subscribers each has. */
interface Page {
  readonly buffer: RecordBuffer;
  readonly subscribers: number[];
}

/** Lists channels. */
export class ChannelListing {
  readonly #memory: StoreMemory;
  readonly #guard: Guard;
  readonly #directory: ChannelDirectory;
  readonly #buffers = new RecordBuffers();

  /** @param on what it works on */
  constructor(on: { memory: StoreMemory; guard: Guard; directory: ChannelDirectory }) {
    this.#memory = on.memory;
    this.#guard = on.guard;
    this.#directory = on.directory;
  }

  /** Passes all channels to `visitor`. Returns false if the store was busy before the end. */
  visit(visitor: ChannelVisitor): boolean {
    for (let at = 0;;) {
      const next = this.page(at, visitor);
      if (next === undefined) return false;
      if (next === 0) return true;
      at = next;
    }
  }

  /** Passes some channels, from `first` on. Returns where to go on, 0 at the end; undefined if the store was busy. */
  page(first: number, visitor: ChannelVisitor): number | undefined {
    const { bucketCount } = this.#memory.table;
    const end = Math.min(bucketCount, first + BUCKETS);
    return this.#buffers.with((buffer) => {
      const page: Page = { buffer, subscribers: [] };
      if (this.#guard.run(() => this.#copy(first, end, page)) === undefined) return undefined;
      this.#deliver(page, visitor);
      return end === bucketCount ? 0 : end;
    });
  }

  #copy(first: number, end: number, { buffer, subscribers }: Page): true {
    const { words, table } = this.#memory;
    for (let bucket = first; bucket < end; bucket++) {
      let node = table.first(bucket);
      for (; node !== 0; node = words[node + NODE.next]!) {
        if (table.kindOf(node) !== NODE_KIND.channel) continue;
        const count = table.fixedWords(NODE_KIND.channel) + wordsFor(table.keyLength(node));
        buffer.append(words, node, count);
        subscribers.push(this.#directory.subscribersOf(node));
      }
    }
    return true;
  }

  #deliver({ buffer, subscribers }: Page, visitor: ChannelVisitor): void {
    let index = 0;
    const fixed = this.#memory.table.fixedWords(NODE_KIND.channel);
    buffer.forEach((words, bytes, at) => {
      const start = (at + fixed) * 4;
      const name = bytes.subarray(start, start + keyLengthOf(words, at));
      const members = words[at + CHANNEL.members]!;
      const users = words[at + CHANNEL.users]!;
      const offset = readWide(words, at + CHANNEL.offset);
      visitor(name, { subscribers: subscribers[index++]!, members, users, offset });
    });
  }
}
