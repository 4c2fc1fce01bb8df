/**
 * Workers that sleep whenever they find nothing, and threads that bring work all the time: over
 * 100,000 rounds no piece of work is brought past a worker that goes to sleep.
 *
 * Atomics.wait stands for the eventfd here. The same protocol step by step, without threads, is in
 * tests/runtime/ring/parking_order_test.ts.
 */
import { assert, assertEquals } from "@std/assert";
import { createSharedState } from "../../runtime/ring/mod.ts";
import type { ParkingResult, ParkingSetting } from "./parking_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./parking_thread.ts", import.meta.url);

interface Plan {
  name: string;
  workers: number;
  bringers: number;
  /** Of each bringer. */
  rounds: number;
  burst: boolean;
}

const PLANS: Plan[] = [
  { name: "one by one", workers: 1, bringers: 1, rounds: 240_000, burst: false },
  { name: "one by one", workers: 2, bringers: 2, rounds: 40_000, burst: false },
  { name: "in bursts", workers: 3, bringers: 2, rounds: 200_000, burst: true },
];

for (const { name, workers, bringers, rounds, burst } of PLANS) {
  Deno.test(`parking: ${bringers} bring ${rounds} each ${name} to ${workers}`, async () => {
    const shared = {
      // Few slots, so that full is met in the bursts.
      memory: createSharedState({ workers, taskSlots: 16, inboxBytes: 256 }),
      bells: new Int32Array(new SharedArrayBuffer(4 * workers)),
      answers: new Int32Array(new SharedArrayBuffer(4 * bringers)),
      bringers,
      rounds,
      burst,
    };
    const settings: ParkingSetting[] = [];
    for (let number = 0; number < workers; number++) {
      settings.push({ ...shared, role: "worker", number });
    }
    for (let number = 0; number < bringers; number++) {
      settings.push({ ...shared, role: "bringer", number });
    }

    const results = await runThreads<ParkingSetting, ParkingResult>(SCRIPT, settings);

    const worked = sumOf(results.slice(0, workers));
    const brought = sumOf(results.slice(workers));
    assertEquals(brought.lost, 0, "lost wake-ups");
    assertEquals([brought.count, worked.count], [bringers * rounds, bringers * rounds]);
    // Both outcomes of the race were met, on both sides of it: 500 to 300,000 times as a rule. Where the
    // scheduler runs one bringer and one worker in step it is 20 in 60,000: hence so many rounds of these.
    for (const [side, met] of Object.entries({ worked, brought })) {
      assert(met.bells > 20, `${side} with a bell only ${met.bells} times`);
      assert(met.awake > 20, `${side} without a bell only ${met.awake} times`);
    }
  });
}

function sumOf(results: ParkingResult[]): ParkingResult {
  const sum = { count: 0, bells: 0, awake: 0, lost: 0 };
  for (const result of results) {
    for (const key of Object.keys(sum) as (keyof ParkingResult)[]) sum[key] += result[key];
  }
  return sum;
}
