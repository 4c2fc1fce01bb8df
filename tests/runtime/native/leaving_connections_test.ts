/** Connections that move: 64 at once, and busy ones when they are not busy any more, for a second. */

import { assertEquals } from "@std/assert";
import { LeavingConnections, type Movable } from "../../../runtime/native/leaving_connections.ts";
import { type Loop, TimerWheel, type Unmoved } from "../../../runtime/net/mod.ts";
import type { MovedConnection, OthersFollow } from "../../../runtime/thread/mod.ts";

const NONE = new Uint8Array(0);

/** A connection that moves, or gives one reason after the other why it does not. */
function connection(descriptor: number, ...reasons: Unmoved[]): Movable & { asked: number } {
  const moved = { descriptor, unread: NONE, unsent: NONE } as MovedConnection;
  return {
    asked: 0,
    move() {
      this.asked++;
      return reasons.shift() ?? moved;
    },
  };
}

/** Connections, and what was given up of them: how many at once, and when others follow. */
class Fake {
  /** How long each connection takes to leave, in milliseconds. */
  slowness = 0;
  #clock = 0;
  readonly loop = {
    now: 1000,
    timers: new TimerWheel(1000),
    os: { preciseMilliseconds: () => this.#clock += this.slowness } as unknown as Loop["os"],
  };
  readonly left: (readonly [count: number, others: OthersFollow])[] = [];
  /** How often it has waited for the new server. */
  pauses = 0;
  takes = true;
  readonly leaving = new LeavingConnections({
    loop: this.loop,
    takes: () => this.takes,
    flush: () => {},
    leave: (connections, others) => void this.left.push([connections.length, others]),
    awaitTaken: () => void this.pauses++,
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
  assertEquals([fake.left, fake.leaving.isWaiting], [[[64, "after most"]], true]);
  fake.leaving.giveSome();
  fake.leaving.giveSome();
  assertEquals(fake.left.slice(1), [[64, "after most"], [2, "never"]]);
  assertEquals([fake.leaving.isWaiting, staying.asked, fake.loop.timers.size], [false, 1, 0]);
});

/** Connections of which every second one is frozen: so many. */
function halfFrozen(frozen: number): (Movable & { asked: number })[] {
  return Array.from({ length: 2 * frozen }, (_, i) => {
    const one = connection(i);
    return i % 2 === 0 ? Object.assign(one, { isFrozen: true }) : one;
  });
}

Deno.test("leaving connections: those that wait since the freeze move at once, and nobody is served until they go on", () => {
  const fake = new Fake();
  fake.slowness = 100;
  const all = halfFrozen(150);
  fake.leaving.begin(all);
  assertEquals(all.map(({ asked }) => asked), all.map(({ isFrozen }) => isFrozen === true ? 1 : 0));
  assertEquals(fake.left, [[64, "at once"], [64, "at once"], [22, "after all"]]);
  assertEquals(fake.pauses, 1);
  fake.slowness = 0;
  fake.leaving.giveSome();
  assertEquals([fake.left.at(-1), fake.pauses], [[64, "after most"], 1]);
});

Deno.test("leaving connections: very many that wait move in several turns", () => {
  const fake = new Fake();
  const all = halfFrozen(1_200);
  fake.leaving.begin(all);
  const asked = () => all.filter(({ asked }) => asked > 0).length;
  assertEquals([asked(), fake.left.at(-1), fake.pauses], [1_088, [64, "after all"], 1]);
  fake.leaving.giveSome();
  assertEquals([asked(), fake.left.at(-1), fake.pauses], [1_200, [48, "after all"], 2]);
});

Deno.test("leaving connections: one with much on its way comes last", () => {
  const sent: number[] = [];
  const leaving = new LeavingConnections({
    ...{ loop: new Fake().loop, takes: () => true, flush: () => {}, awaitTaken: () => {} },
    leave: (connections) => void sent.push(...connections.map(({ unsent }) => unsent.length)),
  });
  leaving.begin([70_000, 0, 9_000, 7].map((length) => ({
    move: () => ({ unread: NONE, unsent: new Uint8Array(length) }) as MovedConnection,
  })));
  assertEquals(sent, [0, 7, 9_000, 70_000]);
});

Deno.test("leaving connections: those that take their time are fewer at once", () => {
  const fake = new Fake();
  fake.slowness = 2;
  fake.leaving.begin(Array.from({ length: 5 }, (_, i) => connection(i)));
  fake.leaving.giveSome();
  assertEquals(fake.left, [[3, "after most"], [2, "never"]]);
  // One at least.
  fake.slowness = 100;
  fake.leaving.begin([connection(1), connection(2)]);
  assertEquals(fake.left.slice(2), [[1, "after most"]]);
});

Deno.test("leaving connections: a busy one moves when it is not busy any more", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1), connection(2, "busy", "busy")]);
  assertEquals(fake.left, [[1, "after most"]]);
  fake.leaving.giveSome(); // the new server goes on with the first one
  fake.pass(900);
  assertEquals([fake.left, fake.leaving.isWaiting], [[[1, "after most"], [1, "never"]], false]);
});

Deno.test("leaving connections: one that stays busy is given a second, and then stays", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1, ...Array<Unmoved>(10_000).fill("busy"))]);
  const { now } = fake.loop;
  fake.pass(10_000);
  assertEquals(fake.left, [[0, "never"]]);
  const late = fake.loop.now - now - 1000;
  assertEquals([late >= 0 && late < 300, fake.leaving.isWaiting], [true, false], `${late} ms late`);
});

Deno.test("leaving connections: if the new server is gone, all that are left stay", () => {
  const fake = new Fake();
  fake.leaving.begin(Array.from({ length: 100 }, (_, i) => connection(i)));
  fake.takes = false;
  fake.leaving.giveSome();
  assertEquals([fake.left, fake.leaving.isWaiting], [[[64, "after most"], [0, "never"]], false]);
});

Deno.test("leaving connections: one that comes meanwhile moves, too; afterwards it stays", () => {
  const fake = new Fake();
  fake.leaving.begin([connection(1), connection(2, "busy")]);
  fake.leaving.add(connection(3));
  fake.leaving.giveSome();
  assertEquals(fake.left, [[1, "after most"], [2, "never"]]);
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
