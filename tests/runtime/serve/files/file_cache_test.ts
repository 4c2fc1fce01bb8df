/** The cache of files: its two bounds, its clock, and that each evicted entry is dropped once. */

import { assert, assertEquals } from "@std/assert";
import { type CacheEntry, FileCache } from "../../../../runtime/serve/files/file_cache.ts";
import { Random } from "../../../support/random.ts";

/** What an entry takes besides its content and its path. */
const OWN = 4 * 1024;
/** The same, with a path of two characters. */
const OWN_OF_TWO = OWN + 2 * 4;

class Entry implements CacheEntry {
  used = false;
  dropped = 0;
  memoryBytes: number;
  readonly openFiles: number;

  constructor(memoryBytes: number, openFiles = 0) {
    this.memoryBytes = memoryBytes;
    this.openFiles = openFiles;
  }

  drop(): void {
    this.dropped++;
  }
}

Deno.test("file cache: the oldest entry is evicted first, unless it was used", () => {
  const cache = new FileCache<Entry>({ memoryBytes: 3 * (OWN_OF_TWO + 100), openFiles: 10 });
  const entries = Array.from({ length: 5 }, () => new Entry(100));
  for (const i of [0, 1, 2]) cache.put(`/${i}`, entries[i]!);
  cache.get("/0");
  cache.put("/3", entries[3]!);
  assertEquals(entries.map(({ dropped }) => dropped), [0, 1, 0, 0, 0]);
  cache.put("/4", entries[4]!);
  assertEquals(entries.map(({ dropped }) => dropped), [0, 1, 1, 0, 0]);
  assertEquals([cache.size, cache.memoryBytes], [3, 3 * (OWN_OF_TWO + 100)]);
});

Deno.test("file cache: open files have a bound of their own", () => {
  const cache = new FileCache<Entry>({ memoryBytes: 1e9, openFiles: 2 });
  const entries = Array.from({ length: 4 }, () => new Entry(0, 1));
  entries.forEach((entry, i) => cache.put(`/${i}`, entry));
  assertEquals([cache.openFiles, entries.map(({ dropped }) => dropped)], [2, [1, 1, 0, 0]]);
});

Deno.test("file cache: an entry that grows makes room, and the newest stays however large", () => {
  const cache = new FileCache<Entry>({ memoryBytes: 2 * OWN + 1000, openFiles: 10 });
  const [small, grows] = [new Entry(100), new Entry(100)];
  cache.put("/small", small);
  cache.put("/grows", grows);
  grows.memoryBytes = 1_000_000;
  cache.changed("/grows", grows);
  assertEquals([small.dropped, grows.dropped, cache.size], [1, 0, 1]);
  const next = new Entry(2_000_000);
  cache.put("/next", next);
  assertEquals([grows.dropped, next.dropped], [1, 0]);
  cache.changed("/grows", grows); // evicted long ago
  assertEquals(cache.memoryBytes, 2_000_000 + OWN + 4 * "/next".length);
  cache.clear();
  assertEquals([cache.size, cache.memoryBytes, cache.openFiles], [0, 0, 0]);
});

Deno.test("file cache: whatever is requested, the bounds hold and each entry is dropped once", () => {
  const random = new Random(7);
  const bounds = { memoryBytes: 40 * OWN, openFiles: 5 };
  const cache = new FileCache<Entry>(bounds);
  const made: Entry[] = [];
  for (let i = 0; i < 5000; i++) {
    const path = `/${random.below(60)}`;
    if (cache.get(path) !== undefined && random.below(10) > 0) continue;
    const entry = new Entry(random.below(3 * OWN), random.below(2));
    made.push(entry);
    cache.put(path, entry);
    assert(cache.memoryBytes <= bounds.memoryBytes && cache.openFiles <= bounds.openFiles);
  }
  assertEquals(made.filter(({ dropped }) => dropped === 0).length, cache.size);
  cache.clear();
  assert(made.every(({ dropped }) => dropped === 1));
});

Deno.test("file cache: the memory of a path counts too, however long it is", () => {
  const cache = new FileCache<Entry>({ memoryBytes: 1_000_000, openFiles: 10 });
  for (let i = 0; i < 1000; i++) {
    cache.put(`/${"%41".repeat(2500)}${i}`, new Entry(0));
    assert(cache.memoryBytes <= 1_000_000);
  }
  assert(cache.size < 1_000_000 / (4 * 7500), `${cache.size} paths of 7,500 characters in 1 MB`);
});
