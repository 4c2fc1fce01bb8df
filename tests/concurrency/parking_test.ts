/**
 * Workers that sleep whenever there is no work, and producers that submit work all the time: over
 * 100,000 rounds no wake-up is lost when a worker goes to sleep.
 *
 * Atomics.wait replaces the eventfd here. tests/runtime/ring/parking_order_test.ts tests the same
 * protocol step by step, without threads.
 */
import { assert, assertEquals } from "@std/assert";
import { createSharedState } from "../../runtime/ring/mod.ts";
import type { ParkingResult, ParkingSetting } from "./parking_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./parking_thread.ts", import.meta.url);

interface Plan {
  name: string;
  workers: number;
  producers: number;
  /** Rounds of each producer. */
  rounds: number;
  burst: boolean;
}

const PLANS: Plan[] = [
  { name: "one by one", workers: 1, producers: 1, rounds: 240_000, burst: false },
  { name: "one by one", workers: 2, producers: 2, rounds: 40_000, burst: false },
  { name: "in bursts", workers: 3, producers: 2, rounds: 200_000, burst: true },
];

for (const { name, workers, producers, rounds, burst } of PLANS) {
  Deno.test(`parking: ${producers} producers submit ${rounds} each ${name} to ${workers} workers`, async () => {
    const shared = {
      // Few slots, so that the ring is full during bursts.
      memory: createSharedState({ workers, taskSlots: 16, inboxBytes: 256 }),
      bells: new Int32Array(new SharedArrayBuffer(4 * workers)),
      answers: new Int32Array(new SharedArrayBuffer(4 * producers)),
      producers,
      rounds,
      burst,
    };
    const settings: ParkingSetting[] = [];
    for (let number = 0; number < workers; number++) {
      settings.push({ ...shared, role: "worker", number });
    }
    for (let number = 0; number < producers; number++) {
      settings.push({ ...shared, role: "producer", number });
    }

    const results = await runThreads<ParkingSetting, ParkingResult>(SCRIPT, settings);

    const worked = sumOf(results.slice(0, workers));
    const submitted = sumOf(results.slice(workers));
    assertEquals(submitted.lost, 0, "lost wake-ups");
    assertEquals([submitted.count, worked.count], [producers * rounds, producers * rounds]);
    // Both outcomes of the race must occur on both sides: normally 500 to 300,000 times. If the scheduler
    // runs one producer and one worker in step, it is 20 in 60,000: therefore so many rounds.
    for (const [side, met] of Object.entries({ worked, submitted })) {
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
