/** Deltas that many subscribers recover are made once, and what is kept is bounded. */

import { assert, assertEquals } from "@std/assert";
import { Entry } from "../../../../runtime/channels/mod.ts";
import { DeltaCache } from "../../../../runtime/serve/centrifuge/delta_cache.ts";

function entry(offset: number, epoch = 7): Entry {
  return Object.assign(new Entry(), { offset, epoch });
}

/** A cache, and how often it made a delta. */
function counting(length?: number): { cache: DeltaCache; made: () => number } {
  let made = 0;
  const encode = () => {
    made++;
    return length === undefined ? undefined : new Uint8Array(length).fill(made);
  };
  return { cache: new DeltaCache(encode), made: () => made };
}

Deno.test("delta cache: the same publication again, also if it has no delta", () => {
  for (const length of [10, undefined]) {
    const { cache, made } = counting(length);
    const first = cache.get(entry(1), entry(2));
    assertEquals(cache.get(entry(1), entry(2)), first);
    assertEquals(made(), 1);
    cache.get(entry(2), entry(3));
    cache.get(entry(1, 8), entry(2, 8));
    assertEquals(made(), 3);
  }
});

Deno.test("delta cache: what is not the next one, and what an engine read, is not kept", () => {
  const { cache, made } = counting(10);
  for (let i = 0; i < 2; i++) {
    cache.get(entry(1), entry(3));
    cache.get(entry(1, 0), entry(2, 0));
    cache.get(entry(1, 8), entry(2));
  }
  assertEquals([made(), cache.bytes], [6, 0]);
});

Deno.test("delta cache: bounded in number and in bytes, the oldest goes first", () => {
  for (const length of [10, 100_000]) {
    const { cache, made } = counting(length);
    for (let i = 1; i <= 2_000; i++) cache.get(entry(i), entry(i + 1));
    assert(cache.bytes <= 1024 * 1024 && cache.bytes >= 5_000, String(cache.bytes));
    cache.get(entry(2_000), entry(2_001));
    assertEquals(made(), 2_000);
    cache.get(entry(1), entry(2));
    assertEquals(made(), 2_001);
  }
  const { cache } = counting(2 * 1024 * 1024);
  cache.get(entry(1), entry(2));
  assertEquals(cache.bytes, 0);
});
