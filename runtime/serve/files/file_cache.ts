/**
 * What a worker keeps of the files that were asked for lately: bounded in bytes and in open files.
 *
 * In: entries by the path as it was requested. Out: the entry at the price of a look-up and a store. Over
 * a bound the oldest goes, unless it was asked for since the last time round: then it begins anew (the
 * clock algorithm, which unlike LRU moves nothing at a hit). The newest always stays: it is being answered.
 */

/** What can be kept. */
export interface CacheEntry {
  /** Asked for since the clock's hand passed; written by the cache. */
  used: boolean;
  /** Bytes of memory that it holds now. */
  readonly memoryBytes: number;
  /** Files that it holds open. */
  readonly openFiles: number;
  /** It is kept no more: gives back what it holds. */
  drop(): void;
}

/** Bounds of one worker. */
export interface CacheBounds {
  readonly memoryBytes: number;
  readonly openFiles: number;
}

/** What an entry and its bookkeeping take beside the content. Measured: about 3 KB. */
const ENTRY_BYTES = 4 * 1024;
/**
 * A path's own bytes, for each of its characters: the key, and the label for the log, whose escapes are longer.
 * One file has many paths: whoever asks may write any character of it as `%41`.
 */
const BYTES_A_CHARACTER = 4;

interface Slot<Entry> {
  readonly entry: Entry;
  bytes: number;
}

/** Entries by path. */
export class FileCache<Entry extends CacheEntry> {
  readonly #bounds: CacheBounds;
  // In the order of their age: a Map keeps that of insertion.
  readonly #slots = new Map<string, Slot<Entry>>();
  #memoryBytes = 0;
  #openFiles = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#slots.size;
  }

  /** Bytes of memory that all of them take. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Files that they hold open. */
  get openFiles(): number {
    return this.#openFiles;
  }

  /** The entry of a path. */
  get(path: string): Entry | undefined {
    const entry = this.#slots.get(path)?.entry;
    if (entry !== undefined) entry.used = true;
    return entry;
  }

  /** Keeps an entry, in place of the path's old one, and lets go of others where there are too many. */
  put(path: string, entry: Entry): void {
    this.delete(path);
    const slot = { entry, bytes: bytesOf(path, entry) };
    this.#slots.set(path, slot);
    this.#memoryBytes += slot.bytes;
    this.#openFiles += entry.openFiles;
    this.#evict(path);
  }

  /** The entry of a path, if it is this one, holds another number of bytes now. */
  changed(path: string, entry: Entry): void {
    const slot = this.#slots.get(path);
    if (slot === undefined || slot.entry !== entry) return;
    this.#memoryBytes -= slot.bytes;
    slot.bytes = bytesOf(path, entry);
    this.#memoryBytes += slot.bytes;
    this.#evict(path);
  }

  /** Lets go of a path's entry. */
  delete(path: string): void {
    const slot = this.#slots.get(path);
    if (slot === undefined) return;
    this.#slots.delete(path);
    this.#memoryBytes -= slot.bytes;
    this.#openFiles -= slot.entry.openFiles;
    slot.entry.drop();
  }

  /** Lets go of all, as where the process has run out of descriptors. */
  clear(): void {
    for (const path of [...this.#slots.keys()]) this.delete(path);
  }

  #evict(newest: string): void {
    const { memoryBytes, openFiles } = this.#bounds;
    while (this.#memoryBytes > memoryBytes || this.#openFiles > openFiles) {
      const oldest = this.#slots.entries().next().value;
      if (oldest === undefined || this.#slots.size === 1) return;
      const [path, slot] = oldest;
      if (path !== newest && !slot.entry.used) {
        this.delete(path);
        continue;
      }
      // Once round again; its mark is gone then, so that the loop ends.
      slot.entry.used = false;
      this.#slots.delete(path);
      this.#slots.set(path, slot);
    }
  }
}

function bytesOf(path: string, entry: CacheEntry): number {
  return entry.memoryBytes + ENTRY_BYTES + path.length * BYTES_A_CHARACTER;
}
