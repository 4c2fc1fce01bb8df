/** The timers of an app: order, ends, what is Deno's, and what libraries of Node do with them. */

import { assert, assertEquals } from "@std/assert";
import { AppTimers } from "../../../../runtime/serve/app/app_timers.ts";
import { Random } from "../../../support/random.ts";
import { waitFor } from "../../../support/wait_for.ts";

/** Timers whose loop is the test. */
function served() {
  const timers = new AppTimers();
  const clock = { time: 0.25, sooner: [] as number[] };
  timers.serve({ now: () => clock.time, sooner: (ms) => void clock.sooner.push(ms) });
  const calls: unknown[] = [];
  const note = (...args: unknown[]) => void calls.push(...args);
  /** Lets time pass, and returns what was called. */
  const pass = (milliseconds: number) => {
    clock.time += milliseconds;
    const count = timers.expire(clock.time);
    return [count, ...calls.splice(0)];
  };
  return { timers, clock, calls, note, pass, ...timers.functions };
}

Deno.test("app timers: in the order of their deadlines, then of their calls, and never early", () => {
  const { setTimeout, note, pass, timers } = served();
  setTimeout(note, 5, "e", "f");
  setTimeout(note, 2, "b");
  setTimeout(note, 2, "c");
  setTimeout(note, undefined, "a");
  setTimeout(note, 2.5, "d");
  assertEquals(timers.next, 0.25);
  assertEquals(pass(0), [1, "a"]);
  assertEquals(pass(1.9), [0]);
  assertEquals(pass(0.1), [2, "b", "c"]);
  assertEquals(pass(10), [2, "d", "e", "f"]);
  assertEquals(timers.next, Infinity);
});

Deno.test("app timers: as a sorted list would have them, whatever is cleared and refreshed", () => {
  const random = new Random(7);
  const { setTimeout, clearTimeout, clock, pass } = served();
  type Timer = { refresh(): void };
  const expected = new Map<number, { at: number; call: number; timer: Timer }>();
  const called: number[] = [];
  let calls = 0;
  for (let i = 0; i < 3_000; i++) {
    const delay = random.below(50);
    const keys = [...expected.keys()];
    const chosen = expected.get(keys[random.below(Math.max(keys.length, 1))] ?? -1);
    const action = random.below(10);
    if (action < 6) {
      const timer = setTimeout(() => void called.push(i), delay) as unknown as Timer;
      expected.set(i, { at: clock.time + delay, call: ++calls, timer });
    } else if (action < 7 && chosen !== undefined) {
      clearTimeout(chosen.timer as unknown as number);
      for (const [key, each] of expected) if (each === chosen) expected.delete(key);
    } else {
      const passed = random.below(8);
      pass(passed);
      const due = [...expected].filter(([, { at }]) => at <= clock.time)
        .toSorted(([, a], [, b]) => a.at - b.at || a.call - b.call).map(([key]) => key);
      assertEquals(called.splice(0), due);
      for (const key of due) expected.delete(key);
    }
  }
});

Deno.test("app timers: an interval goes on until it is cleared, also by its own callback", () => {
  const { setInterval, clearInterval, pass, note } = served();
  const timer = setInterval(note, 10, "x");
  let own = 0;
  const ends = setInterval(() => ++own === 2 && clearInterval(ends), 10);
  assertEquals([pass(10), pass(9), pass(1), pass(10)], [[2, "x"], [0], [2, "x"], [1, "x"]]);
  assertEquals(own, 2);
  clearInterval(timer);
  assertEquals(pass(100), [0]);
  // Less than a millisecond is one, but for the first time.
  setInterval(note, 0, "y");
  assertEquals([pass(0), pass(0.9), pass(0.1), pass(1)], [[1, "y"], [0], [1, "y"], [1, "y"]]);
});

Deno.test("app timers: what a callback sets without a delay comes a turn later", () => {
  const { setTimeout, pass, note } = served();
  setTimeout(() => setTimeout(note, 0, "second"), 0);
  assertEquals([pass(0), pass(0), pass(0)], [[1], [1, "second"], [0]]);
});

Deno.test("app timers: a callback that throws keeps no other one from its turn", () => {
  const { setTimeout, pass, note } = served();
  const errors: unknown[] = [];
  const listener = (event: Event) => {
    event.preventDefault();
    errors.push((event as ErrorEvent).error.message);
  };
  addEventListener("error", listener);
  setTimeout(() => {
    throw new Error("no");
  }, 1);
  setTimeout(note, 1, "yes");
  try {
    assertEquals(pass(1), [2, "yes"]);
  } finally {
    removeEventListener("error", listener);
  }
  assertEquals(errors, ["no"]);
});

Deno.test("app timers: a wait is told of the first deadline if that is earlier", () => {
  const { setTimeout, clock } = served();
  for (const delay of [50, 60, 10, 10, 5]) setTimeout(() => {}, delay);
  assertEquals(clock.sooner, [50, 10, 5]);
});

Deno.test("app timers: they have the methods of Node's, and serve as numbers", () => {
  const { setTimeout, clearTimeout, setInterval, pass, note } = served();
  const timer = setTimeout(note, 10, "x") as unknown as NodeJS.Timeout;
  assertEquals([timer.hasRef(), timer.unref().hasRef(), timer.ref().hasRef()], [true, false, true]);
  assertEquals(pass(9), [0]);
  timer.refresh();
  assertEquals([pass(9), pass(1)], [[0], [1, "x"]]);
  timer.refresh();
  timer.close();
  const numbered = setTimeout(note, 1, "y");
  const number = Number(numbered);
  assertEquals(Number(numbered), number);
  assert(number !== Number(setTimeout(note, 1, "z")));
  clearTimeout(number);
  clearTimeout(number);
  clearTimeout(`${Number(setTimeout(note, 1, "w"))}` as unknown as number);
  assertEquals(pass(10), [1, "z"]);
  {
    using _ = setInterval(note, 1, "disposed") as unknown as Disposable;
  }
  assertEquals(pass(10), [0]);
});

Deno.test("app timers: before the loop serves them, and after, they are Deno's", async () => {
  const timers = new AppTimers();
  const { setTimeout, clearTimeout, setInterval, clearInterval } = timers.functions;
  const calls: string[] = [];
  const note = (what: string) => void calls.push(what);
  setTimeout(note, 1, "before");
  clearTimeout(setTimeout(note, 1, "cleared"));
  await waitFor(() => calls.length > 0, { what: "a timer of Deno's" });
  timers.serve({ now: () => performance.now(), sooner() {} });
  setTimeout(note, 1, "during");
  const interval = setInterval(note, 1, "interval");
  const cleared = setTimeout(note, 1, "cleared");
  const long = setTimeout(note, 2 ** 31, "too long for a timer: Deno decides");
  clearTimeout(long);
  assertEquals(calls.splice(0), ["before"]);
  timers.serve(null);
  clearTimeout(cleared);
  await waitFor(() => calls.filter((call) => call === "interval").length > 2, {
    what: "intervals",
  });
  clearInterval(interval);
  const count = calls.length;
  const last = Promise.withResolvers<void>();
  setTimeout(last.resolve, 5);
  await last.promise;
  assertEquals([calls.includes("during"), calls.includes("cleared")], [true, false]);
  assertEquals(calls.length, count);
});
