/** The watchdog, with counters and a clock of the test. */

import { assertEquals } from "@std/assert";
import { LOOK_INTERVAL, Watchdog } from "../../../runtime/executor/watchdog.ts";

/** Two workers; the test turns their loops. */
class Watched {
  readonly turns: (number | undefined)[] = [0, 0];
  readonly told: string[] = [];
  readonly watchdog = new Watchdog({
    turnsOf: (worker) => this.turns[worker],
    blocked: (worker, milliseconds) => this.told.push(`${worker} blocked ${milliseconds}`),
    returned: (worker, milliseconds) => this.told.push(`${worker} returned ${milliseconds}`),
  });
  now = 10_000;

  /** Looks for so long; the workers of `turning` turn before each look. */
  watch(milliseconds: number, turning: readonly number[]): void {
    for (let i = 0; i < milliseconds / LOOK_INTERVAL; i++) {
      for (const worker of turning) this.turns[worker] = (this.turns[worker] ?? 0) + 1;
      this.watchdog.look(this.turns.length, this.now);
      this.now += LOOK_INTERVAL;
    }
  }
}

Deno.test("watchdog: a worker that does not turn is told once, and once that it is back", () => {
  const watched = new Watched();
  watched.watch(1_000, [0, 1]);
  watched.watch(5_000, [0]);
  assertEquals(watched.told, ["1 blocked 2000"]);
  assertEquals([watched.watchdog.isBlocked(1), watched.watchdog.blockedCount], [true, 1]);
  watched.watch(1_000, [0, 1]);
  assertEquals(watched.told, ["1 blocked 2000", "1 returned 5500"]);
  assertEquals(watched.watchdog.blockedCount, 0);
});

Deno.test("watchdog: a worker that turns now and then is not blocked", () => {
  const watched = new Watched();
  for (let i = 0; i < 10; i++) {
    watched.watch(1_500, [0]);
    watched.watch(LOOK_INTERVAL, [0, 1]);
  }
  assertEquals(watched.told, []);
});

Deno.test("watchdog: if the main thread itself stood still, nobody is blocked yet", () => {
  const watched = new Watched();
  watched.watch(1_000, [0, 1]);
  watched.now += 60_000;
  watched.watch(1_000, []);
  assertEquals(watched.told, []);
  watched.watch(2_000, []);
  assertEquals(watched.told, ["0 blocked 2000", "1 blocked 2000"]);
});

Deno.test("watchdog: a worker that has ended is not blocked, and its successor begins at 0", () => {
  const watched = new Watched();
  watched.watch(3_000, [0]);
  watched.turns[1] = undefined;
  watched.watch(3_000, [0]);
  assertEquals([watched.told, watched.watchdog.blockedCount], [["1 blocked 2000"], 0]);
  watched.turns[1] = 0;
  watched.watch(1_000, [0]);
  assertEquals(watched.told.length, 1);
});
