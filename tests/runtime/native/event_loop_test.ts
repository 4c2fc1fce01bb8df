import { assert, assertEquals } from "@std/assert";
import { EventLoop } from "../../../runtime/native/mod.ts";
import { EPOLLET, EPOLLIN, LinuxOs } from "../../../runtime/os/mod.ts";

const os = new LinuxOs(); // here and not in a test, where Deno 2.4 would report libc as a leak

Deno.test("a doorbell ends a wait without a time-out, at every ring", () => {
  const loop = new EventLoop(os);
  const doorbell = os.eventfd();
  let heard = 0;
  loop.registry.register(doorbell, { onReady: () => heard++ }, EPOLLIN | EPOLLET);
  for (let i = 1; i <= 3; i++) {
    os.ringDoorbell(doorbell);
    loop.turn(true);
    assertEquals(heard, i);
    assertEquals(loop.turn(false), 0); // edge-triggered: no event until it is rung again
  }
  os.close(doorbell);
  loop.close();
});

Deno.test("a turn that blocks ends at the next deadline", () => {
  const loop = new EventLoop(os);
  let fired = false;
  loop.timers.timer({ onDeadline: () => fired = true }).set(loop.now + 50);
  for (let turns = 0; turns < 100 && !fired; turns++) loop.turn(true);
  assert(fired);
  loop.close();
});

Deno.test("a turn without events leaves them to the next turn, and serves deadlines and queues", () => {
  const loop = new EventLoop(os);
  const doorbell = os.eventfd();
  const calls: string[] = [];
  loop.registry.register(doorbell, { onReady: () => calls.push("event") }, EPOLLIN | EPOLLET);
  loop.gather({ flush: () => calls.push("flush") });
  loop.timers.timer({ onDeadline: () => calls.push("deadline") }).set(loop.now - 1000);
  os.ringDoorbell(doorbell);
  assert(loop.turnWithoutEvents());
  assertEquals(calls, ["deadline", "flush"]);
  // What is deferred comes after the events that are ready by then.
  loop.defer({ onTurn: () => calls.push("deferred") });
  assert(!loop.turnWithoutEvents());
  assertEquals(loop.turn(false), 1);
  assertEquals(calls, ["deadline", "flush", "flush", "event", "deferred", "flush"]);
  os.close(doorbell);
  loop.close();
});

Deno.test("an asynchronous wait lets timers and promises run", async () => {
  const loop = new EventLoop(os);
  const order: string[] = [];
  loop.timers.timer({ onDeadline: () => order.push("deadline") }).set(loop.now + 400);
  const timer = new Promise<void>((resolve) =>
    setTimeout(() => {
      order.push("setTimeout");
      resolve();
    }, 1)
  );
  for (let turns = 0; turns < 100 && !order.includes("deadline"); turns++) {
    loop.dispatch(await loop.waitAsync(100));
  }
  await timer;
  assertEquals(order, ["setTimeout", "deadline"]);
  loop.close();
});

Deno.test("a call deferred while promises run asks for the end of the wait, others do not", async () => {
  const loop = new EventLoop(os);
  const calls: string[] = [];
  loop.onDeferred = () => calls.push("asked");
  const defer = () => loop.defer({ onTurn: () => calls.push("called") });
  defer();
  loop.turn(false);
  assertEquals(calls, ["called"]);
  const waiting = loop.waitAsync(20);
  defer();
  defer();
  assertEquals(calls, ["called", "asked"]);
  loop.dispatch(await waiting);
  defer();
  loop.dispatch(0);
  assertEquals(calls, ["called", "asked", "called", "called", "called"]);
  loop.close();
});

Deno.test("an event of a descriptor that was forgotten meanwhile is dropped", () => {
  const loop = new EventLoop(os);
  const first = os.eventfd();
  const second = os.eventfd();
  const heard: string[] = [];
  // Whichever comes first forgets the other, whose event is already in the same batch.
  const source = (name: string, other: number) => ({
    onReady: () => {
      heard.push(name);
      loop.registry.forget(other);
    },
  });
  loop.registry.register(first, source("first", second), EPOLLIN);
  loop.registry.register(second, source("second", first), EPOLLIN);
  os.ringDoorbell(first);
  os.ringDoorbell(second);
  assertEquals(loop.turn(true), 2);
  assertEquals(heard.length, 1);
  for (const descriptor of [first, second]) os.close(descriptor);
  loop.close();
});

Deno.test("an event of a descriptor's earlier registration does not reach its successor", () => {
  const loop = new EventLoop(os);
  const trigger = os.eventfd();
  const reused = os.eventfd();
  const heard: string[] = [];
  let successors = 0;
  const successor = { onReady: () => heard.push("successor") };
  const replace = () => {
    if (successors++ > 0) return;
    loop.registry.forget(reused);
    os.close(reused);
    assertEquals(os.eventfd(), reused); // the lowest free number
    loop.registry.register(reused, successor, EPOLLIN | EPOLLET);
    os.ringDoorbell(reused);
  };
  loop.registry.register(trigger, { onReady: replace }, EPOLLIN | EPOLLET);
  loop.registry.register(reused, { onReady: () => heard.push("old") }, EPOLLIN | EPOLLET);
  os.ringDoorbell(trigger);
  os.ringDoorbell(reused);
  assertEquals(loop.turn(true), 2);
  assert(!heard.includes("successor"), "the batch held an event of the old registration");
  loop.turn(true); // its own event comes with the next wait
  assertEquals(heard.at(-1), "successor");
  for (const descriptor of [trigger, reused]) os.close(descriptor);
  loop.close();
});

Deno.test("a deferred call comes in the next turn, which does not block, and not twice in one turn", () => {
  const loop = new EventLoop(os);
  let calls = 0;
  const deferred = {
    onTurn() {
      if (++calls < 3) loop.defer(deferred);
    },
  };
  loop.defer(deferred);
  for (let turn = 1; turn <= 3; turn++) {
    loop.turn(true); // nothing is registered: a blocking wait would not end
    assertEquals(calls, turn);
  }
  assertEquals(loop.turn(false), 0);
  assertEquals(calls, 3);
  loop.close();
});

Deno.test("a wait ends when something gathered is to be sent, to the millisecond", () => {
  const loop = new EventLoop(os);
  const flushes: number[] = [];
  const begin = os.preciseMilliseconds();
  const gatherer = {
    flushBy: begin + 30,
    flush() {
      const now = os.preciseMilliseconds();
      if (now < this.flushBy) return;
      flushes.push(now - begin);
      this.flushBy = flushes.length < 2 ? begin + 60 : Infinity;
    },
  };
  loop.gather({ flush: () => {} });
  loop.gather(gatherer);
  loop.timers.timer({ onDeadline: () => {} }).set(loop.now + 100_000);
  for (let turns = 0; turns < 100 && flushes.length < 2; turns++) loop.turn(true);
  assert(flushes.length === 2 && flushes[0]! >= 30 && flushes[1]! >= 60, flushes.join());
  loop.close();
});
