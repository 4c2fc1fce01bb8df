/**
 * The shared memory as one thread sees it: the views, and what every part of the store works with.
 *
 * In: memory of `createChannelMemory`. Out: the views, the journal, the heap, the table of nodes, and the account of
 * the memory in use. Everything but the constructor is called only by the holder of the lock.
 *
 * Two budgets divide the heap. Everything that lasts (channels, members, keys, histories) is charged to one, the
 * publications in the feed to the other, also those that are in a history. Each budget has room of its own: a
 * publication that the feed needs never waits for a history, and a full store is seen before the heap is searched.
 */
import { Heap } from "./heap.ts";
import { Journal } from "./journal.ts";
import { KeyedHash } from "./keyed_hash.ts";
import { type ChannelLayout, channelLayout, HEADER, STATE } from "./layout.ts";
import { NodeTable } from "./node_table.ts";

/** A tick is the unit of stored times: 2^31 of them are three years. */
export const TICK_MS = 50;

/** The views of the memory; a test may watch them. */
export interface MemoryViews {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

/** The memory, its journal and its allocator. */
export class StoreMemory {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly layout: ChannelLayout;
  readonly journal: Journal;
  readonly heap: Heap;
  readonly table: NodeTable;
  /** The moment of the operation that this thread runs: what it appends gets this stamp. */
  stamp = 0;

  /** @param views the views of memory that is initialized, or about to be by the caller */
  constructor({ words, bytes }: MemoryViews) {
    this.words = words;
    this.bytes = bytes;
    this.layout = channelLayout(words[HEADER.bytes]! >>> 0, words[HEADER.workers]!);
    this.journal = new Journal(words, this.layout.journal);
    this.heap = new Heap(words, this.journal, this.layout.heapControl);
    this.table = new NodeTable({
      words,
      bytes,
      journal: this.journal,
      hash: new KeyedHash([words[HEADER.hashKey]!, words[HEADER.hashKey + 1]!]),
      layout: this.layout,
    });
  }

  /** The latest time that any thread has seen, in ticks: it never goes back. */
  get tick(): number {
    return this.words[STATE.tick]!;
  }

  /** Notes a time. */
  advanceTo(tick: number): void {
    if (((tick - this.tick) | 0) > 0) this.words[STATE.tick] = tick;
  }

  /** The tick at which something that is kept for `milliseconds` from now on expires. */
  tickAfter(milliseconds: number): number {
    const ticks = Math.min(Math.ceil(milliseconds / TICK_MS) + 1, 0x7fff_fffe);
    return (this.tick + ticks) | 0;
  }

  /** Whether that tick has come. */
  isPast(tick: number): boolean {
    return ((this.tick - tick) | 0) >= 0;
  }

  /** Whether so many more words fit into the lasting budget. */
  fits(words: number): boolean {
    return this.words[STATE.usedWords]! + words <= this.layout.usableWords;
  }

  /** Allocates words and charges them to the lasting budget; 0 if there is no room. */
  allocate(words: number): number {
    if (!this.fits(words)) return 0;
    const address = this.heap.allocate(words);
    if (address !== 0) this.journal.add(STATE.usedWords, this.heap.wordsOf(address));
    return address;
  }

  /** Frees what {@link allocate} returned. */
  release(address: number): void {
    this.journal.add(STATE.usedWords, -this.heap.wordsOf(address));
    this.heap.free(address);
  }
}
