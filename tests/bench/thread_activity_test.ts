import { assertEquals, assertThrows } from "@std/assert";
import { activityBetween, parseThreadStatus, sampleThreads } from "./thread_activity.ts";

const STATUS = [
  "Name:\tworker-1 (x)",
  "Umask:\t0022",
  "State:\tS (sleeping)",
  "voluntary_ctxt_switches:\t150",
  "nonvoluntary_ctxt_switches:\t7",
  "",
].join("\n");

Deno.test("parseThreadStatus adds both kinds of switches", () => {
  assertEquals(parseThreadStatus(STATUS), { name: "worker-1 (x)", switches: 157 });
});

Deno.test("parseThreadStatus refuses a status without one of its lines", () => {
  for (const text of ["", STATUS.replace("Name", "Nom"), STATUS.replace("nonvoluntary_", "x")]) {
    assertThrows(() => parseThreadStatus(text), RangeError);
  }
});

Deno.test("activityBetween compares by thread, and counts all activity of a new thread", () => {
  const before = [{ id: 1, name: "main", switches: 10, cpu: 1 }];
  const after = [
    { id: 1, name: "main", switches: 12, cpu: 1.5 },
    { id: 2, name: "new", switches: 3, cpu: 0.25 },
  ];
  assertEquals(activityBetween(before, after), [
    { name: "main", wakeUps: 2, cpu: 0.5 },
    { name: "new", wakeUps: 3, cpu: 0.25 },
  ]);
});

Deno.test("a thread that sleeps and wakes has wake-ups", async () => {
  const before = sampleThreads([Deno.pid]);
  // In each time-out, this thread sleeps, or the one that runs its timers.
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
  const total = activityBetween(before, sampleThreads([Deno.pid]))
    .reduce((sum, { wakeUps }) => sum + wakeUps, 0);
  assertEquals(total >= 5, true);
});
