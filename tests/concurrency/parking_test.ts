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
  { name: "one by one", workers: 1, producers: 1, rounds: 80_000, burst: false },
  { name: "one by one", workers: 2, producers: 2, rounds: 40_000, burst: false },
  { name: "in bursts", workers: 3, producers: 2, rounds: 60_000, burst: true },
];

/** Both outcomes of the race must occur on both sides: normally 200 to 100,000 times. */
const MET = 20;
/** If the scheduler runs one producer and one worker in step, it is 20 times in 60,000 rounds: then there are as many rounds again. */
const MOST_RUNS = 4;

for (const plan of PLANS) {
  const { name, workers, producers, rounds } = plan;
  Deno.test(`parking: ${producers} producers submit ${rounds} each ${name} to ${workers} workers`, async () => {
    const sides = { worked: sumOf([]), submitted: sumOf([]) };
    const areMet = () =>
      Object.values(sides).every(({ bells, awake }) => Math.min(bells, awake) > MET);
    for (let run = 0; run < MOST_RUNS && !areMet(); run++) {
      const results = await runThreads<ParkingSetting, ParkingResult>(SCRIPT, settingsOf(plan));
      const [work, submission] = [sumOf(results.slice(0, workers)), sumOf(results.slice(workers))];
      assertEquals(submission.lost, 0, "lost wake-ups");
      assertEquals([submission.count, work.count], [producers * rounds, producers * rounds]);
      sides.worked = sumOf([sides.worked, work]);
      sides.submitted = sumOf([sides.submitted, submission]);
    }
    for (const [side, met] of Object.entries(sides)) {
      assert(met.bells > MET, `${side} with a bell only ${met.bells} times`);
      assert(met.awake > MET, `${side} without a bell only ${met.awake} times`);
    }
  });
}

/** The threads of one run: first the workers. */
function settingsOf({ workers, producers, rounds, burst }: Plan): ParkingSetting[] {
  const shared = {
    // Few slots, so that the ring is full during bursts.
    memory: createSharedState({ workers, taskSlots: 16, inboxBytes: 256 }),
    bells: new Int32Array(new SharedArrayBuffer(4 * workers)),
    answers: new Int32Array(new SharedArrayBuffer(4 * producers)),
    producers,
    rounds,
    burst,
  };
  const of = (role: ParkingSetting["role"], count: number) =>
    Array.from({ length: count }, (_, number) => ({ ...shared, role, number }));
  return [...of("worker", workers), ...of("producer", producers)];
}

function sumOf(results: ParkingResult[]): ParkingResult {
  const sum = { count: 0, bells: 0, awake: 0, lost: 0 };
  for (const result of results) {
    for (const key of Object.keys(sum) as (keyof ParkingResult)[]) sum[key] += result[key];
  }
  return sum;
}
