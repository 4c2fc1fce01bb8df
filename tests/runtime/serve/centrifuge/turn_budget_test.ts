/** Thousands may wait for a turn with budget: each turn calls few of them, the one that waits longest first. */

import { assertEquals } from "@std/assert";
import type { Deferred } from "../../../../runtime/net/mod.ts";
import { READING_BYTES, TurnBudget } from "../../../../runtime/serve/centrifuge/turn_budget.ts";

const TURN_BYTES = 1024 * 1024;

function start() {
  const loop = { now: 0, deferred: [] as Deferred[], defer: (one: Deferred) => deferred.push(one) };
  const { deferred } = loop;
  const turn = () => {
    loop.now++;
    for (const one of deferred.splice(0)) one.onTurn();
  };
  return { loop, budget: new TurnBudget(loop), turn };
}

Deno.test("turn budget: of those that wait for room, a turn wakes as many as it has room for", async () => {
  const { loop, budget, turn } = start();
  const woken: number[] = [];
  const all = Array.from({ length: 1_000 }, (_, i) => budget.room().then(() => woken.push(i)));
  assertEquals(loop.deferred.length, 1);
  turn();
  await Promise.all(all.slice(0, TURN_BYTES / READING_BYTES));
  assertEquals(woken, Array.from({ length: TURN_BYTES / READING_BYTES }, (_, i) => i));
  while (loop.deferred.length > 0) turn();
  await Promise.all(all);
  assertEquals(loop.now, Math.ceil(1_000 * READING_BYTES / TURN_BYTES));
});

Deno.test("turn budget: who waits again is behind those that waited, and comes in another turn", () => {
  const { loop, budget, turn } = start();
  const calls: string[] = [];
  const greedy: Deferred = {
    onTurn: () => {
      calls.push(`greedy ${loop.now}`);
      budget.spend(TURN_BYTES, loop.now);
      if (loop.now < 5) budget.wait(greedy);
    },
  };
  budget.wait(greedy);
  for (const name of ["a", "b"]) {
    budget.wait({ onTurn: () => void calls.push(`${name} ${loop.now}`) });
  }
  while (loop.deferred.length > 0) turn();
  assertEquals(calls, ["greedy 1", "a 2", "b 2", "greedy 2", "greedy 3", "greedy 4", "greedy 5"]);
});
