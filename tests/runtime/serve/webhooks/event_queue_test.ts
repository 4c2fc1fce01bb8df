/** The events that wait for one address: order, batches, and both bounds. */

import { assertEquals } from "@std/assert";
import { EventQueue } from "../../../../runtime/serve/webhooks/event_queue.ts";

function event(time: number, bytes = 1) {
  return { json: new Uint8Array(bytes), time };
}

Deno.test("event queue: a bound in events and one in bytes", () => {
  const queue = new EventQueue({ queuedEvents: 3, queuedBytes: 10 });
  assertEquals([1, 2, 3, 4].map((time) => queue.push(event(time))), [true, true, true, false]);
  assertEquals([queue.length, queue.bytes], [3, 3]);
  assertEquals(queue.take()?.map(({ time }) => time), [1, 2, 3]);
  assertEquals([queue.length, queue.bytes, queue.take()], [0, 0, undefined]);
  assertEquals([queue.push(event(1, 8)), queue.push(event(2, 3)), queue.push(event(3, 2))], [
    true,
    false,
    true,
  ]);
});

Deno.test("event queue: batches have at most 64 KiB, unless one event alone has more, and 1,000 events", () => {
  const queue = new EventQueue({ queuedEvents: 100_000, queuedBytes: 1e9 });
  for (const bytes of [70_000, 40_000, 20_000, 10_000, 65_536]) queue.push(event(0, bytes));
  const sizes = () => queue.take()?.map(({ json }) => json.length);
  assertEquals([sizes(), sizes(), sizes(), sizes(), sizes()], [
    [70_000],
    [40_000, 20_000],
    [10_000],
    [65_536],
    undefined,
  ]);
  for (let i = 0; i < 2500; i++) queue.push(event(i));
  let next = 0;
  for (const count of [1000, 1000, 500]) {
    const batch = queue.take()!;
    assertEquals(batch.length, count);
    for (const { time } of batch) assertEquals(time, next++);
  }
});

Deno.test("event queue: what is older is dropped from the front", () => {
  const queue = new EventQueue({ queuedEvents: 10, queuedBytes: 100 });
  for (const time of [1, 2, 3, 5]) queue.push(event(time, 2));
  assertEquals(queue.dropOlder(3), 2);
  assertEquals([queue.length, queue.bytes], [2, 4]);
  assertEquals([queue.dropOlder(100), queue.length, queue.bytes], [2, 0, 0]);
});
