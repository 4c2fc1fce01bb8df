/** Clients end one after the other when the server stops, few in each turn. */

import { assert, assertEquals } from "@std/assert";
import { type Deferred, TimerWheel } from "../../../../runtime/net/mod.ts";
import { type Drainable, DrainSpread } from "../../../../runtime/serve/centrifuge/drain_spread.ts";

/** A loop whose time the test sets. */
class FakeLoop {
  now = 1_000;
  readonly timers = new TimerWheel(1_000);
  readonly deferred: Deferred[] = [];

  defer(deferred: Deferred): void {
    this.deferred.push(deferred);
  }

  /** Turns until nothing is deferred; returns how many there were. */
  turns(): number {
    let count = 0;
    for (; this.deferred.length > 0; count++) {
      for (const deferred of this.deferred.splice(0)) deferred.onTurn();
    }
    return count;
  }

  pass(milliseconds: number): void {
    for (let i = 0; i < milliseconds; i++) {
      this.timers.expire(++this.now);
      this.turns();
    }
  }
}

class FakeClient implements Drainable {
  isClosed = false;
  endedAt = -1;
  readonly #loop: FakeLoop;

  constructor(loop: FakeLoop) {
    this.#loop = loop;
  }

  disconnect({ code }: { readonly code: number }): void {
    assertEquals([code, this.isClosed], [3001, false]);
    this.isClosed = true;
    this.endedAt = this.#loop.now;
  }
}

function clientsOf(loop: FakeLoop, count: number): FakeClient[] {
  return Array.from({ length: count }, () => new FakeClient(loop));
}

Deno.test("drain spread: the closes are spread evenly over the time", () => {
  const loop = new FakeLoop();
  const spread = new DrainSpread(loop, 4_000);
  const clients = clientsOf(loop, 200);
  for (const client of clients) spread.add(client);
  assertEquals(clients.filter(({ isClosed }) => isClosed).length, 0, "not in the turn of the stop");
  loop.turns();
  assertEquals(clients[0]!.endedAt, 1_000);
  for (const part of [0.25, 0.5, 0.75]) {
    loop.pass(1_000);
    const ended = clients.filter(({ isClosed }) => isClosed).length;
    // A timer is up to 128 ms late.
    assert(Math.abs(ended - part * 200) <= 8, `${ended} after ${part} of the time`);
  }
  loop.pass(1_128);
  assert(clients.every(({ isClosed }) => isClosed));
  assertEquals(new Set(clients.map(({ endedAt }) => endedAt)).size > 25, true, "in small steps");
});

Deno.test("drain spread: a turn ends few clients, also if all are due", () => {
  const loop = new FakeLoop();
  const spread = new DrainSpread(loop, 0);
  const clients = clientsOf(loop, 10_000);
  for (const client of clients) spread.add(client);
  const turns = loop.turns();
  assert(clients.every(({ isClosed }) => isClosed));
  assert(turns >= 10_000 / 64, `${turns} turns`);
});

Deno.test("drain spread: clients that have left are passed over, and those that come late end too", () => {
  const loop = new FakeLoop();
  const spread = new DrainSpread(loop, 100);
  const clients = clientsOf(loop, 10);
  for (const client of clients) spread.add(client);
  for (const client of clients.slice(0, 5)) client.isClosed = true;
  loop.turns();
  loop.pass(228);
  assertEquals(clients.map(({ endedAt }) => endedAt >= 0), [
    ...Array(5).fill(false),
    ...Array(5).fill(true),
  ]);
  const late = new FakeClient(loop);
  spread.add(late);
  loop.turns();
  loop.pass(228);
  assert(late.isClosed);
});
