/** The allocator: blocks do not overlap, everything freed is found again, and a rollback restores it exactly. */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../support/random.ts";
import { StoreMemory } from "../../../runtime/channels/store_memory.ts";
import { checkStore } from "./check_store.ts";
import { Stores } from "./stores.ts";

function openMemory(): StoreMemory {
  const { memory } = new Stores(2 ** 17);
  return new StoreMemory({ words: new Int32Array(memory), bytes: new Uint8Array(memory) });
}

for (const seed of [1, 2]) {
  Deno.test(`heap: random blocks keep their contents, seed ${seed}`, () => {
    const { words, heap, journal } = openMemory();
    const random = new Random(seed);
    const blocks: { address: number; count: number; mark: number }[] = [];
    for (let i = 1; i < 20_000; i++) {
      if (random.below(2) === 0 || blocks.length === 0) {
        const count = 1 + random.below(random.below(9) === 0 ? 2000 : 60);
        const address = heap.allocate(count);
        if (address === 0) continue;
        words.fill(i, address, address + count);
        blocks.push({ address, count, mark: i });
      } else {
        const { address, count, mark } = blocks.splice(random.below(blocks.length), 1)[0]!;
        assert(words.subarray(address, address + count).every((word) => word === mark));
        heap.free(address);
      }
      journal.commit();
    }
    for (const { address } of blocks) {
      heap.free(address);
      journal.commit();
    }
    checkStore(words);
  });
}

Deno.test("heap: a rollback restores every word of the heap that it needs", () => {
  const { words, heap, journal } = openMemory();
  const random = new Random(3);
  const blocks: number[] = [];
  for (let i = 0; i < 500; i++) {
    // A transaction that is taken back: allocations, whose contents are written, and then frees.
    for (let n = random.below(4); n > 0; n--) {
      const address = heap.allocate(1 + random.below(100));
      if (address !== 0) words.fill(-1, address, address + heap.wordsOf(address) - 2);
    }
    for (const address of blocks.slice(0, random.below(3))) heap.free(address);
    journal.rollback();
    const address = heap.allocate(1 + random.below(100));
    if (address !== 0) blocks.push(address);
    if (blocks.length > 100) heap.free(blocks.splice(random.below(100), 1)[0]!);
    journal.commit();
  }
  for (const address of blocks) {
    heap.free(address);
    journal.commit();
  }
  checkStore(words);
});

Deno.test("heap: a request that no block can satisfy gets 0 and changes nothing", () => {
  const { words, heap, journal } = openMemory();
  assertEquals(heap.allocate(words.length), 0);
  assertEquals(journal.rollback(), 0);
  checkStore(words);
});
