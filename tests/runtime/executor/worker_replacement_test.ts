/** Pauses before a dead worker is replaced. */

import { assertEquals } from "@std/assert";
import { DeathPause } from "../../../runtime/executor/death_pause.ts";

Deno.test("death pause: three workers are replaced at once, then the pauses double, up to half a minute", () => {
  const pause = new DeathPause();
  const pauses = Array.from({ length: 13 }, (_, i) => pause.after(i * 1_000));
  const doubling = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
  assertEquals(pauses, [0, 0, 0, ...doubling]);
  assertEquals(pause.deaths, 13);
});

Deno.test("death pause: a minute without a death is a new beginning", () => {
  const pause = new DeathPause();
  for (let i = 0; i < 10; i++) pause.after(i);
  assertEquals([pause.after(60_008), pause.after(120_008)], [30_000, 0]);
  assertEquals(pause.deaths, 1);
});
