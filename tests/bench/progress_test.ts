/** How far a run of the benchmark is. */

import { assertEquals } from "@std/assert";
import { ProgressLine } from "./progress.ts";

const CLEAR = "\r\x1b[K";

Deno.test("bench progress: the row of all rows, the time, and whose turn it is", () => {
  const written: string[] = [];
  const time = { now: 1_000 };
  const plan = { rows: 2, rounds: 3 };
  const line = new ProgressLine(plan, (text) => void written.push(text), () => time.now);
  const last = () => written.splice(0).at(-1);
  assertEquals(last(), `${CLEAR}row 1 of 2, 0 s`);
  time.now += 59_999;
  line.turn("keep-alive", "nginx", 0);
  assertEquals(last(), `${CLEAR}row 1 of 2, 59 s: keep-alive, round 1 of 3, nginx`);
  time.now += 65_000;
  line.show();
  assertEquals(last(), `${CLEAR}row 1 of 2, 2 min 4 s: keep-alive, round 1 of 3, nginx`);
  line.rowDone();
  assertEquals(last(), CLEAR);
  line.show();
  assertEquals(last(), `${CLEAR}row 2 of 2, 2 min 4 s`);
  line.turn("x".repeat(200), "nginx", 2);
  assertEquals(last()!.length, CLEAR.length + 79);
  line.rowDone();
  line.show();
  assertEquals(last(), CLEAR);
  line.end();
});
