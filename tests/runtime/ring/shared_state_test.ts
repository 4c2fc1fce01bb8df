/** One memory, opened several times; options and foreign memory are checked. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  COLUMN,
  createSharedState,
  openSharedState,
  type SharedStateOptions,
  TASK_WORDS,
} from "../../../runtime/ring/mod.ts";
import { numberOf, taskOf } from "./blocks.ts";

const SMALL = { taskSlots: 4, inboxBytes: 256, descriptors: 64 };

Deno.test("shared state: the defaults are the documented ones", () => {
  const state = openSharedState(createSharedState({ workers: 2 }));
  assertEquals(state.workers, 2);
  assertEquals(state.taskRing.capacity, 1024);
  assertEquals(state.inbox(1).maxPayloadBytes, 256 * 1024 / 8 - 8);
  assertEquals(state.descriptors.capacity, 65536);
});

Deno.test("shared state: what is written through one object is read through another", () => {
  const memory = createSharedState({ workers: 3, ...SMALL });
  const ours = openSharedState(memory);
  const theirs = openSharedState(memory);
  assertEquals(theirs.memory, memory);

  ours.taskRing.push(taskOf(7));
  ours.inbox(2).write(5, new Uint8Array([1, 2, 3]), 1, 3);
  ours.flags.park(1);
  ours.descriptors.claim(63, 2);
  ours.counters(0).add(COLUMN.requests, 4);

  const task = new Int32Array(TASK_WORDS);
  assertEquals(theirs.taskRing.pop(task), true);
  assertEquals(numberOf(task), 7);
  const records: unknown[] = [];
  const sink = {
    record: (type: number, bytes: Uint8Array, start: number, end: number) =>
      void records.push([type, ...bytes.slice(start, end)]),
  };
  assertEquals(theirs.inbox(0).drain(sink, 9) + theirs.inbox(1).drain(sink, 9), 0);
  assertEquals(theirs.inbox(2).drain(sink, 9), 1);
  assertEquals(records, [[5, 2, 3]]);
  assertEquals(theirs.flags.takeParked(0), 1);
  assertEquals([...theirs.descriptors.ownedBy(2)], [63]);
  assertEquals(theirs.counters(0).get(COLUMN.requests), 4);
});

Deno.test("shared state: the blocks in use do not touch each other", () => {
  // Fills every structure completely; any overlap would change another one.
  const state = openSharedState(createSharedState({ workers: 2, ...SMALL }));
  for (let i = 0; i < 5; i++) state.taskRing.push(taskOf(-1));
  state.inbox(0).write(1, new Uint8Array(24).fill(255), 0, 24);
  for (let fd = 0; fd < 64; fd++) state.descriptors.claim(fd, 1);
  state.flags.setDraining();
  for (const block of [0, 1, state.acceptorBlock, state.mainBlock]) {
    for (const column of Object.values(COLUMN)) state.counters(block).add(column, 1);
  }
  const totals = Object.values(COLUMN).map((column) => state.total(column));
  assertEquals(new Set(totals), new Set([4]));
  assertEquals(state.flags.takeParked(0), -1);
  assertEquals(state.flags.isAlive(0), false);
  assertEquals(state.taskRing.size(), 4);
  assertEquals(state.inbox(1).size(), 0);
  assertEquals([...state.descriptors.ownedBy(1)].length, 64);
});

Deno.test("shared state: a total is the sum over all threads", () => {
  const state = openSharedState(createSharedState({ workers: 2, ...SMALL }));
  state.counters(0).add(COLUMN.bytesSent, 1);
  state.counters(1).add(COLUMN.bytesSent, 20);
  state.counters(state.acceptorBlock).add(COLUMN.accepted, 300);
  state.counters(state.mainBlock).add(COLUMN.bytesSent, 4000);
  assertEquals(state.total(COLUMN.bytesSent), 4021);
  assertEquals(state.total(COLUMN.accepted), 300);
});

const REFUSED: [string, Partial<SharedStateOptions>][] = [
  ["no worker", { workers: 0 }],
  ["too many workers", { workers: 257 }],
  ["half a worker", { workers: 1.5 }],
  ["slots not a power of two", { taskSlots: 1000 }],
  ["a single slot", { taskSlots: 1 }],
  ["inbox not a power of two", { inboxBytes: 300 }],
  ["inbox too small for a record", { inboxBytes: 128 }],
  ["no descriptors", { descriptors: 0 }],
  ["more than 2^31 bytes", { workers: 256, inboxBytes: 2 ** 28 }],
];
for (const [name, options] of REFUSED) {
  Deno.test(`shared state: refuses ${name}`, () => {
    assertThrows(() => createSharedState({ workers: 1, ...SMALL, ...options }), RangeError);
  });
}

Deno.test("shared state: refuses other memory", () => {
  assertThrows(() => openSharedState(new SharedArrayBuffer(8)), TypeError);
  assertThrows(() => openSharedState(new SharedArrayBuffer(4096)), TypeError);
});

Deno.test("shared state: blocks out of range are refused", () => {
  const state = openSharedState(createSharedState({ workers: 2, ...SMALL }));
  assertThrows(() => state.inbox(2), RangeError);
  assertThrows(() => state.inbox(-1), RangeError);
  assertThrows(() => state.counters(4), RangeError);
});
