/** Scheduled runs: on one worker, one after the other, and on another worker if there is none. */

import { assert, assertEquals } from "@std/assert";
import { AppScheduler } from "../../../runtime/executor/app_schedule.ts";
import { waitFor } from "../../support/wait_for.ts";

const EVERY = 10;

Deno.test("schedule: runs do not overlap, and go on after each", async () => {
  let [running, most, runs] = [0, 0, 0];
  const schedule = new AppScheduler({
    warn: () => {},
    async run() {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 3 * EVERY));
      running--;
      runs++;
    },
  });
  schedule.announce(EVERY);
  schedule.announce(EVERY); // by each worker
  await waitFor(() => runs >= 5, { what: "five runs" });
  schedule.close();
  await waitFor(() => running === 0, { what: "the last run" });
  assertEquals(most, 1);
});

Deno.test("schedule: a run that no worker could take is tried again", async () => {
  let [attempts, runs] = [0, 0];
  const schedule = new AppScheduler({
    warn: () => {},
    run() {
      if (++attempts < 3) return null;
      runs++;
      return Promise.resolve();
    },
  });
  schedule.announce(EVERY);
  await waitFor(() => runs >= 2, { what: "runs" });
  schedule.close();
  assert(attempts >= 4);
});

Deno.test("schedule: another interval replaces the first, and 0 ends it", async () => {
  let runs = 0;
  const schedule = new AppScheduler({ warn: () => {}, run: () => Promise.resolve(void runs++) });
  schedule.announce(3_600_000);
  schedule.announce(EVERY);
  await waitFor(() => runs >= 2, { what: "runs" });
  schedule.announce(0);
  const before = runs;
  await new Promise((resolve) => setTimeout(resolve, 5 * EVERY));
  assertEquals(runs, before);
  schedule.close();
});

Deno.test("schedule: a run that does not end is told", async () => {
  const warnings: string[] = [];
  const ended = Promise.withResolvers<void>();
  const schedule = new AppScheduler({
    longRun: 20,
    warn: (text) => void warnings.push(text),
    run: () => ended.promise,
  });
  schedule.announce(EVERY);
  await waitFor(() => warnings.length > 0, { what: "a warning" });
  ended.resolve();
  schedule.close();
  assert(warnings[0]?.startsWith("what the app has scheduled takes more than 0.02 s"));
});
