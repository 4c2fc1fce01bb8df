/** The pool keeps its limits, counts correctly, and never lends one buffer twice. */

import { assert, assertEquals } from "@std/assert";
import { MessageBufferPool } from "../../protocol/mod.ts";
import { Random } from "../support/random.ts";

Deno.test("a buffer that was given back is lent again", () => {
  const pool = new MessageBufferPool();
  const buffer = pool.take(1000);
  assert(buffer.length >= 1000);
  assertEquals([pool.lentBytes, pool.spareBytes], [buffer.length, 0]);
  pool.give(buffer);
  assertEquals([pool.lentBytes, pool.spareBytes], [0, buffer.length]);
  assert(pool.take(900) === buffer);
});

Deno.test("spare buffers are limited in bytes", () => {
  const pool = new MessageBufferPool(10_000);
  const buffers = Array.from({ length: 10 }, () => pool.take(4096));
  for (const buffer of buffers) pool.give(buffer);
  assertEquals([pool.lentBytes, pool.spareBytes], [0, 8192]);
});

Deno.test("spare buffers are limited in number", () => {
  const pool = new MessageBufferPool();
  const buffers = Array.from({ length: 1000 }, () => pool.take(1));
  for (const buffer of buffers) pool.give(buffer);
  assert(pool.spareBytes <= 64 * 512, `${pool.spareBytes}`);
});

Deno.test("a small request does not use a big spare buffer", () => {
  const pool = new MessageBufferPool();
  const big = pool.take(1024 * 1024);
  pool.give(big);
  assert(pool.take(100) !== big);
  assert(pool.take(600_000) === big);
});

Deno.test("a forgotten buffer is never lent again", () => {
  const pool = new MessageBufferPool();
  const buffer = pool.take(2048);
  pool.forget(buffer);
  assertEquals([pool.lentBytes, pool.spareBytes], [0, 0]);
  assert(pool.take(2048) !== buffer);
});

Deno.test("two owners never share a buffer, over many calls", () => {
  const random = new Random(9);
  const pool = new MessageBufferPool(300_000);
  const owned = new Set<Uint8Array<ArrayBuffer>>();
  for (let turn = 0; turn < 5000; turn++) {
    const [oldest] = owned;
    if (oldest && (owned.size > 40 || random.below(2) === 0)) {
      owned.delete(oldest);
      pool.give(oldest);
    } else {
      const count = random.below(3) === 0 ? random.below(70_000) : random.below(2000);
      const buffer = pool.take(count);
      assert(buffer.length >= count && buffer.byteOffset === 0);
      assert(!owned.has(buffer), "lent twice");
      owned.add(buffer);
    }
    const lent = [...owned].reduce((total, buffer) => total + buffer.length, 0);
    assertEquals(pool.lentBytes, lent);
    assert(pool.spareBytes <= 300_000);
  }
});
