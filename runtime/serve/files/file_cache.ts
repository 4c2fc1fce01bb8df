/**
 * A worker's cache of recently requested files, bounded in bytes and in open files.
 *
 * In: entries by the path as it was requested. Out: the entry, at the cost of a look-up and a store. Above
 * a bound the oldest entry is evicted, unless it was used since the last round: then it starts again as
 * the newest (the clock algorithm, which unlike LRU moves nothing on a hit). The entry that was just added
 * is never evicted: it is about to be sent.
 */

/** An entry of the cache. */
export interface CacheEntry {
  /** Used since the clock's hand passed; written by the cache. */
  used: boolean;
  /** Bytes of memory that it holds now. */
  readonly memoryBytes: number;
  /** Files that it holds open. */
  readonly openFiles: number;
  /** Called when the entry leaves the cache: releases what it holds. */
  drop(): void;
}

/** Bounds of one worker. */
export interface CacheBounds {
  readonly memoryBytes: number;
  readonly openFiles: number;
}

/** What an entry and its bookkeeping take besides the content. Measured: about 3 KB. */
const ENTRY_BYTES = 4 * 1024;
/**
 * Bytes for each character of a path: the key, and the label for the log, whose escapes are longer. One file
 * has many paths: a client may write any character as `%41`.
 */
const BYTES_A_CHARACTER = 4;

interface Slot<Entry> {
  readonly entry: Entry;
  bytes: number;
}

/** Entries by path. */
export class FileCache<Entry extends CacheEntry> {
  readonly #bounds: CacheBounds;
  // Oldest first: a Map keeps the order of insertion.
  readonly #slots = new Map<string, Slot<Entry>>();
  #memoryBytes = 0;
  #openFiles = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  /** The number of entries. */
  get size(): number {
    return this.#slots.size;
  }

  /** Bytes of memory that all entries take. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Files that all entries hold open. */
  get openFiles(): number {
    return this.#openFiles;
  }

  /** The entry of a path. */
  get(path: string): Entry | undefined {
    const entry = this.#slots.get(path)?.entry;
    if (entry !== undefined) entry.used = true;
    return entry;
  }

  /** Adds an entry, in place of the path's old one, and evicts others above the bounds. */
  put(path: string, entry: Entry): void {
    this.delete(path);
    const slot = { entry, bytes: bytesOf(path, entry) };
    this.#slots.set(path, slot);
    this.#memoryBytes += slot.bytes;
    this.#openFiles += entry.openFiles;
    this.#evict(path);
  }

  /** Called when an entry's size has changed; ignored if the path has another entry by now. */
  changed(path: string, entry: Entry): void {
    const slot = this.#slots.get(path);
    if (slot === undefined || slot.entry !== entry) return;
    this.#memoryBytes -= slot.bytes;
    slot.bytes = bytesOf(path, entry);
    this.#memoryBytes += slot.bytes;
    this.#evict(path);
  }

  /** Removes a path's entry. */
  delete(path: string): void {
    const slot = this.#slots.get(path);
    if (slot === undefined) return;
    this.#slots.delete(path);
    this.#memoryBytes -= slot.bytes;
    this.#openFiles -= slot.entry.openFiles;
    slot.entry.drop();
  }

  /** Removes all entries, for example if the process has run out of descriptors. */
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
      // It stays for one more round, without its mark, so that the loop ends.
      slot.entry.used = false;
      this.#slots.delete(path);
      this.#slots.set(path, slot);
    }
  }
}

function bytesOf(path: string, entry: CacheEntry): number {
  return entry.memoryBytes + ENTRY_BYTES + path.length * BYTES_A_CHARACTER;
}
