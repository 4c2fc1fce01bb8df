/** The task ring on one thread: full, empty, order, wraps; for several threads see tests/concurrency. */
import { assertEquals, assertThrows } from "@std/assert";
import { TASK_WORDS, TaskRing } from "../../../runtime/ring/task_ring.ts";
import { Random } from "../../support/random.ts";
import { numberOf, POSITIONS, taskOf, taskRingBlock } from "./blocks.ts";

/** Pops one task and returns its number, or undefined if empty. */
function pop(ring: TaskRing): number | undefined {
  const task = new Int32Array(TASK_WORDS);
  return ring.pop(task) ? numberOf(task) : undefined;
}

for (const [name, position] of POSITIONS) {
  Deno.test(`task ring: fills, refuses, empties, for three laps from ${name}`, () => {
    const ring = new TaskRing(taskRingBlock(4, position));
    assertEquals(ring.capacity, 4);
    for (let lap = 0; lap < 3; lap++) {
      assertEquals(ring.size(), 0);
      assertEquals(pop(ring), undefined);
      for (let i = 0; i < 4; i++) {
        assertEquals(ring.push(taskOf(lap * 10 + i)), true);
        assertEquals(ring.size(), i + 1);
      }
      assertEquals(ring.push(taskOf(99)), false);
      assertEquals(ring.size(), 4);
      for (let i = 0; i < 4; i++) assertEquals(pop(ring), lap * 10 + i);
    }
  });

  for (const capacity of [2, 8, 1024]) {
    Deno.test(`task ring: is a queue of ${capacity}, from ${name}`, () => {
      const random = new Random(capacity + position);
      const ring = new TaskRing(taskRingBlock(capacity, position));
      const model: number[] = [];
      let next = 0;
      let full = 0;
      let empty = 0;
      for (let round = 0; round < Math.max(20, 1000 / capacity); round++) {
        // Runs of pushes, then of pops, each long enough to sometimes reach full or empty.
        for (let i = random.below(capacity * 2); i > 0; i--) {
          const room = model.length < capacity;
          assertEquals(ring.push(taskOf(next)), room);
          if (room) model.push(next++);
          else full++;
        }
        for (let i = random.below(capacity * 2); i > 0; i--) {
          const expected = model.shift();
          assertEquals(pop(ring), expected);
          if (expected === undefined) empty++;
        }
        assertEquals(ring.size(), model.length);
      }
      assertEquals([full > 0, empty > 0], [true, true]);
    });
  }
}

Deno.test("task ring: a pop of an empty ring leaves its argument unchanged", () => {
  const ring = new TaskRing(taskRingBlock(2));
  const task = taskOf(3);
  assertEquals(ring.pop(task), false);
  assertEquals(numberOf(task), 3);
});

Deno.test("task ring: copies, so that the caller may reuse its task", () => {
  const ring = new TaskRing(taskRingBlock(2));
  const task = taskOf(1);
  ring.push(task);
  task.fill(0);
  assertEquals(pop(ring), 1);
});

Deno.test("task ring: a task that is too short throws, and claims nothing", () => {
  const ring = new TaskRing(taskRingBlock(2));
  assertThrows(() => ring.push(new Int32Array(TASK_WORDS - 1)), RangeError);
  ring.push(taskOf(5));
  assertThrows(() => ring.pop(new Int32Array(TASK_WORDS - 1)), RangeError);
  assertEquals(pop(ring), 5);
});
