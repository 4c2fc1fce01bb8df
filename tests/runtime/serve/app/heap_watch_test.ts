/** When a worker tells that its app holds too much memory. */

import { assert, assertEquals } from "@std/assert";
import { HeapWatch } from "../../../../runtime/serve/app/heap_watch.ts";

const BOUND = 100;

function watched(sizes: readonly number[]): number[] {
  const told: number[] = [];
  let now = 0;
  const exceeded = (bytes: number) => void told.push(bytes);
  const watch = new HeapWatch({ bound: BOUND, held: () => now, exceeded });
  watch.close(); // the test looks by itself
  for (const size of sizes) {
    now = size;
    watch.look();
  }
  return told;
}

Deno.test("heap watch: too much for four looks in a row is told, with the least of them, and again", () => {
  assertEquals(watched([120, 150, 110, 130]), [110]);
  assertEquals(watched([120, 120, 120, 120, 140, 140, 130, 140]), [120, 130]);
});

Deno.test("heap watch: garbage that is collected in time is not told", () => {
  assertEquals(watched([150, 150, 150, BOUND, 150, 150, 150, 20]), []);
  assertEquals(watched(Array(20).fill(BOUND)), []);
});

Deno.test("heap watch: by default, buffers count as well as objects", () => {
  const told: number[] = [];
  const watch = new HeapWatch({
    bound: 64 * 1024 ** 2,
    exceeded: (bytes) => void told.push(bytes),
  });
  watch.close();
  const kept = new Uint8Array(256 * 1024 ** 2);
  for (let i = 0; i < 4; i++) watch.look();
  assertEquals(told.length, 1);
  assert(told[0]! >= kept.length);
});
