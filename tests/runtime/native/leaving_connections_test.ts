/** Connections that move: 64 at once, and busy ones when they are not busy any more, for a second. */

import { assertEquals } from "@std/assert";
import { LeavingConnections, type Movable } from "../../../runtime/native/leaving_connections.ts";
import { type Loop, TimerWheel, type Unmoved } from "../../../runtime/net/mod.ts";
import type { MovedConnection } from "../../../runtime/thread/mod.ts";

/** A connection that moves, or gives one reason after the other why it does not. */
function connection(descriptor: number, ...reasons: Unmoved[]): Movable & { asked: number } {
  const moved = { descriptor } as MovedConnection;
  return {
    asked: 0,
    move() {
      this.asked++;
      return reasons.shift() ?? moved;
    },
  };
}

/** Connections, and what was given up of them: how many at once, and whether that was the last time. */
class Fake {
  /** How long each connection takes to leave, in milliseconds. */
  slowness = 0;
  #clock = 0;
  readonly loop = {
    now: 1000,
    timers: new TimerWheel(1000),
    os: { preciseMilliseconds: () => this.#clock += this.slowness } as unknown as Loop["os"],
  };
  readonly left: (readonly [count: number, isLast: boolean])[] = [];
  takes = true;
  readonly leaving = new LeavingConnections({
    loop: this.loop,
    takes: () => this.takes,
    flush: () => {},
    leave: (connections, isLast) => void this.left.push([connections.length, isLast]),
  });

  /** Time passes, until no timer is left or so many milliseconds are over. */
  pass(milliseconds: number): void {
    const end = this.loop.now + milliseconds;
    while (this.loop.timers.size > 0 && this.loop.now < end) {
      this.loop.now += 10;
      this.loop.timers.expire(this.loop.now);
    }
  }
}

Deno.test("leaving connections: 64 at once, and those that stay are asked once", () => {
  const fake = new Fake();
  const staying = connection(0, "stays");
  fake.leaving.begin([staying, ...Array.from({ length: 130 }, (_, i) => connection(i))]);
  assertEquals([fake.left, fake.leaving.isWaiting], [[[64, false]], true]);
  fake.leaving.giveSome();
  fake.leaving.giveSome();
  assertEquals(fake.left.slice(1), [[64, false], [2, true]]);
  assertEquals([fake.leaving.isWaiting, staying.asked, fake.loop.timers.size], [false, 1, 0]);
});

Deno.test("leaving connections: those that wait since the freeze are the first", () => {
  const fake = new Fake();
  const all = Array.from({ length: 129 }, (_, i) => connection(i));
  const frozen = all.filter((_, i) => i % 2 === 0).map((one) =>
    Object.assign(one, { isFrozen: true })
  );
  fake.leaving.begin(all);
  fake.leaving.giveSome();
  assertEquals(frozen.map(({ asked }) => asked), frozen.map(() => 1));
  assertEquals(fake.left, [[64, false], [64, false]]);
});

Deno.test("leaving connections: those that take their time are fewer at once", () => {
  const fake = new Fake();
  fake.slowness = 2;
  fake.leaving.begin(Array.from({ length: 5 }, (_, i) => connection(i)));
  fake.leaving.giveSome();
  assertEquals(fake.left, [[3, false], [2, true]]);
  // One at least.
  fake.slowness = 100;
  fake.leaving.begin([connection(1), connection(2)]);
  assertEquals(fake.left.slice(2), [[1, false]]);
});

Deno.test("leaving connections: a busy one moves when it is not busy any more", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1), connection(2, "busy", "busy")]);
  assertEquals(fake.left, [[1, false]]);
  fake.leaving.giveSome(); // the new server goes on with the first one
  fake.pass(900);
  assertEquals([fake.left, fake.leaving.isWaiting], [[[1, false], [1, true]], false]);
});

Deno.test("leaving connections: one that stays busy is given a second, and then stays", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1, ...Array<Unmoved>(10_000).fill("busy"))]);
  const { now } = fake.loop;
  fake.pass(10_000);
  assertEquals(fake.left, [[0, true]]);
  const late = fake.loop.now - now - 1000;
  assertEquals([late >= 0 && late < 300, fake.leaving.isWaiting], [true, false], `${late} ms late`);
});

Deno.test("leaving connections: if the new server is gone, all that are left stay", () => {
  const fake = new Fake();
  fake.leaving.begin(Array.from({ length: 100 }, (_, i) => connection(i)));
  fake.takes = false;
  fake.leaving.giveSome();
  assertEquals([fake.left, fake.leaving.isWaiting], [[[64, false], [0, true]], false]);
});

Deno.test("leaving connections: one that comes meanwhile moves, too; afterwards it stays", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1), connection(2, "busy")]);
  fake.leaving.add(connection(3));
  fake.leaving.giveSome();
  assertEquals(fake.left, [[1, false], [2, true]]);
  fake.leaving.add(connection(4));
  assertEquals([fake.leaving.isWaiting, fake.left.length], [false, 2]);
});

Deno.test("leaving connections: nothing is given up after a stop", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1, "busy")]);
  fake.leaving.stay();
  fake.pass(2000);
  assertEquals([fake.left, fake.loop.timers.size], [[], 0]);
});
