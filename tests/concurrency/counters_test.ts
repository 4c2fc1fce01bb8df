/**
 * A counter is read while its thread writes it. No reader sees a torn or decreasing value, although the
 * language guarantees untorn values for integers only (see counters.ts).
 */
import { assert, assertEquals } from "@std/assert";
import { COLUMN, createSharedState, openSharedState } from "../../runtime/ring/mod.ts";
import type { CountersResult, CountersSetting } from "./counters_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./counters_thread.ts", import.meta.url);
/** Each addition changes both halves of the double. */
const AMOUNT = 2 ** 18 + 1;
const READERS = 2;
const VALUES = 20_000;

Deno.test(`counters: ${READERS} readers see ${VALUES} whole values each`, async () => {
  const shared = {
    memory: createSharedState({ workers: 1 }),
    done: new Int32Array(new SharedArrayBuffer(4)),
    amount: AMOUNT,
    readers: READERS,
    values: VALUES,
  };
  const settings: CountersSetting[] = [{ ...shared, role: "writer" }];
  for (let i = 0; i < READERS; i++) settings.push({ ...shared, role: "reader" });

  const results = await runThreads<CountersSetting, CountersResult>(SCRIPT, settings);

  const { additions } = results.shift()!;
  for (const reader of results) assertEquals(reader, { additions: 0, torn: 0, backwards: 0 });
  const total = openSharedState(shared.memory).total(COLUMN.bytesSent);
  assert(Number.isSafeInteger(total) && total > 2 ** 32, `${total}`);
  assertEquals(total, additions * AMOUNT);
});
