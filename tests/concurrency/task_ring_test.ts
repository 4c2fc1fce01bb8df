/**
 * Four million numbered tasks through the task ring, between real threads. Each task is popped exactly
 * once, untorn, and in its producer's order, while the ring is often full and empty and the positions
 * cross 2^31 and 2^32.
 */
import { assert, assertEquals } from "@std/assert";
import { createSharedState, openSharedState } from "../../runtime/ring/mod.ts";
import type { TaskRingResult, TaskRingSetting } from "./task_ring_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./task_ring_thread.ts", import.meta.url);

interface Plan {
  name: string;
  producers: number;
  consumers: number;
  taskSlots: number;
  /** Tasks of all producers together. */
  tasks: number;
  /** The position that is crossed halfway. */
  wrap: number;
}

const PLANS: Plan[] = [
  { name: "over 2^32", producers: 2, consumers: 4, taskSlots: 1024, tasks: 2e6, wrap: 2 ** 32 },
  { name: "over 2^31", producers: 2, consumers: 4, taskSlots: 1024, tasks: 2e6, wrap: 2 ** 31 },
  // So few slots that claims are soon a lap late, which the sequence numbers must handle.
  { name: "in 2 slots", producers: 4, consumers: 4, taskSlots: 2, tasks: 2e5, wrap: 2 ** 32 },
  { name: "in 16 slots", producers: 4, consumers: 2, taskSlots: 16, tasks: 8e5, wrap: 2 ** 31 },
];

for (const plan of PLANS) {
  const { producers, consumers, tasks } = plan;
  Deno.test(`task ring: ${tasks} tasks ${plan.name}, ${producers} to ${consumers}`, async () => {
    const initialPosition = (plan.wrap - tasks / 2) | 0;
    const { taskSlots } = plan;
    const memory = createSharedState({ workers: 1, taskSlots, initialPosition });
    const seen = new Int32Array(new SharedArrayBuffer(tasks / 8));
    const shared = {
      memory,
      seen,
      done: new Int32Array(new SharedArrayBuffer(4)),
      producers,
      tasks: tasks / producers,
    };
    const settings: TaskRingSetting[] = Array.from(
      { length: producers + consumers },
      (_, i) => ({ ...shared, producer: i < producers ? i : -1 }),
    );

    const results = await runThreads<TaskRingSetting, TaskRingResult>(SCRIPT, settings);

    const produced = sumOf(results.slice(0, producers));
    const consumed = sumOf(results.slice(producers));
    assertEquals(produced.count, tasks);
    assertEquals(
      { ...consumed, refused: 0 },
      { count: tasks, refused: 0, torn: 0, repeated: 0, disordered: 0 },
    );
    assert(seen.every((bits) => bits === -1), "every task was seen");
    assertEquals(openSharedState(memory).taskRing.size(), 0);
    // Once per hundred laps is often: if threads run evenly, most laps are neither full nor empty.
    assert(produced.refused > tasks / taskSlots / 100, `full only ${produced.refused} times`);
    assert(consumed.refused > tasks / taskSlots / 100, `empty only ${consumed.refused} times`);
  });
}

function sumOf(results: TaskRingResult[]): TaskRingResult {
  const sum = { count: 0, refused: 0, torn: 0, repeated: 0, disordered: 0 };
  for (const result of results) {
    for (const key of Object.keys(sum) as (keyof TaskRingResult)[]) sum[key] += result[key];
  }
  return sum;
}
