/** Whether and when a worker that ended is replaced. */

import { assertEquals } from "@std/assert";
import { WorkerReplacement } from "../../../runtime/executor/worker_replacement.ts";
import { waitFor } from "../../support/wait_for.ts";

/** What was decided, in its order, and who decides. */
function replacement({ runsApp }: { runsApp: boolean }) {
  const decided: string[] = [];
  const decider = new WorkerReplacement({
    runsApp: () => runsApp,
    replace: (worker) => decided.push(`replace ${worker}`),
    warn: (text) => decided.push(text),
    fail: (failure) => decided.push(`end: ${failure}`),
  });
  return { decided, decider, [Symbol.dispose]: () => decider.close() };
}

/** The pauses in seconds among the decisions; 0: at once. */
function pauses(decided: readonly string[]): number[] {
  return decided.map((text) => Number(/ is replaced in (.*) s$/.exec(text)?.[1] ?? 0));
}

Deno.test("worker replacement: without an app at once, and the fifth death within ten seconds ends the server", () => {
  using it = replacement({ runsApp: false });
  for (const now of [0, 3_000, 6_000, 9_000, 10_000, 12_999]) it.decider.ended(1, "Error: x", now);
  assertEquals(it.decided, [
    ...Array<string>(5).fill("replace 1"),
    "end: 5 workers died within 10 s: Error: x",
  ]);
});

Deno.test("worker replacement: with an app three at once, then the pauses double, up to half a minute", () => {
  using it = replacement({ runsApp: true });
  for (let i = 0; i < 13; i++) it.decider.ended(i, "Error: x", i * 1_000);
  const doubling = [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30, 30];
  assertEquals(pauses(it.decided), [0, 0, 0, ...doubling]);
  assertEquals(it.decided.slice(2, 4), [
    "replace 2",
    "4 workers have died: worker 3 is replaced in 0.25 s",
  ]);
});

Deno.test("worker replacement: a minute without a death is a new beginning", () => {
  using it = replacement({ runsApp: true });
  for (let i = 0; i < 10; i++) it.decider.ended(0, "Error: x", i);
  for (const now of [60_008, 120_008]) it.decider.ended(0, "Error: x", now);
  assertEquals(pauses(it.decided).slice(10), [30, 0]);
});

Deno.test("worker replacement: a worker of an app that cannot be started counts as one that died", async () => {
  using it = replacement({ runsApp: true });
  for (let i = 0; i < 3; i++) it.decider.ended(0, "Error: x", i);
  it.decider.startFailed(0, 3);
  assertEquals(pauses(it.decided), [0, 0, 0, 0.25]);
  await waitFor(() => it.decided[4] === "replace 0", { what: "the replacement after the pause" });
});
