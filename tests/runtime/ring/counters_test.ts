/** The counters on one thread: names, sums, and values beyond 32 bits. */
import { assertEquals, assertThrows } from "@std/assert";
import { COLUMN, Counters } from "../../../runtime/ring/counters.ts";
import { COUNTER_COLUMNS } from "../../../runtime/ring/layout.ts";

Deno.test("counters: each name is a column of its own", () => {
  const numbers = Object.values(COLUMN);
  assertEquals(numbers, numbers.map((_, i) => i) as typeof numbers);
});

Deno.test("counters: adds to one column, and any view of the block reads it", () => {
  const slots = new Float64Array(new SharedArrayBuffer(COUNTER_COLUMNS * 8));
  const ours = new Counters(slots);
  const theirs = new Counters(slots);
  ours.add(COLUMN.requests, 1);
  ours.add(COLUMN.requests, 2);
  ours.add(COLUMN.bytesSent, 0);
  assertEquals(theirs.get(COLUMN.requests), 3);
  for (const column of Object.values(COLUMN)) {
    assertEquals(theirs.get(column), column === COLUMN.requests ? 3 : 0);
  }
});

Deno.test("counters: exact beyond 2^31, 2^32 and up to 2^53", () => {
  const counters = new Counters(new Float64Array(COUNTER_COLUMNS));
  for (const amount of [2 ** 31, 2 ** 32, 2 ** 52]) {
    const before = counters.get(COLUMN.bytesReceived);
    counters.add(COLUMN.bytesReceived, amount - 1);
    counters.add(COLUMN.bytesReceived, 1);
    counters.add(COLUMN.bytesReceived, 1);
    assertEquals(counters.get(COLUMN.bytesReceived), before + amount + 1);
  }
});

Deno.test("counters: only over a block of the right size", () => {
  assertThrows(() => new Counters(new Float64Array(COUNTER_COLUMNS - 1)), RangeError);
});

Deno.test("counters: a sleep counts while it lasts, and once afterwards", () => {
  const counters = new Counters(new Float64Array(COUNTER_COLUMNS));
  assertEquals(counters.idle(5_000), 0);
  counters.sleep(5_000);
  assertEquals([counters.idle(5_000), counters.idle(5_400)], [0, 400]);
  assertEquals(counters.isAsleep, true);
  counters.wake(6_000);
  assertEquals(counters.isAsleep, false);
  assertEquals([counters.idle(6_000), counters.idle(9_000)], [1_000, 1_000]);
  counters.wake(7_000); // already awake
  counters.sleep(9_000);
  assertEquals(counters.idle(9_500), 1_500);
});
