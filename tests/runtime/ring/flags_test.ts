/** The flags on one thread; how they are used to sleep is in parking_order_test.ts. */
import { assertEquals } from "@std/assert";
import { Flags } from "../../../runtime/ring/flags.ts";
import { Random } from "../../support/random.ts";
import { flagsBlock } from "./blocks.ts";

Deno.test("flags: a parked flag is taken once, by the first thread", () => {
  const words = flagsBlock();
  const flags = new Flags(words, 4);
  const theirs = new Flags(words, 4);
  assertEquals(flags.takeParked(0), -1);
  flags.park(2);
  assertEquals(theirs.takeIfParked(1), false);
  assertEquals(theirs.takeParked(0), 2);
  assertEquals(flags.takeParked(0), -1);
  assertEquals(flags.takeIfParked(2), false);
  assertEquals(flags.unpark(2), false);
  flags.park(2);
  assertEquals(theirs.takeIfParked(1), false);
  assertEquals(theirs.takeIfParked(2), true);
  flags.park(2);
  assertEquals(flags.unpark(2), true);
  assertEquals(theirs.takeParked(0), -1);
});

for (const workers of [1, 2, 31, 32, 33, 64, 255, 256]) {
  Deno.test(`flags: takes the first at or after the start, of ${workers}`, () => {
    const flags = new Flags(flagsBlock(), workers);
    const random = new Random(workers);
    const parked = new Set<number>();
    for (let round = 0; round < 2000; round++) {
      if (random.below(3) > 0) {
        const worker = random.below(workers);
        flags.park(worker);
        parked.add(worker);
      } else {
        const start = random.below(workers);
        const taken = flags.takeParked(start);
        // The lowest parked worker at or after the start; if there is none, the lowest of all.
        const after = [...parked].filter((worker) => worker >= start);
        const expected = after.length > 0
          ? Math.min(...after)
          : parked.size > 0
          ? Math.min(...parked)
          : -1;
        assertEquals(taken, expected);
        parked.delete(taken);
      }
    }
    for (const worker of parked) assertEquals(flags.takeIfParked(worker), true);
    assertEquals(flags.takeParked(0), -1);
  });
}

Deno.test("flags: a start beyond the workers counts as 0", () => {
  const flags = new Flags(flagsBlock(), 40);
  for (const start of [-1, 40, 4000]) {
    flags.park(39);
    flags.park(3);
    assertEquals(flags.takeParked(start), 3);
    assertEquals(flags.takeParked(start), 39);
  }
});

Deno.test("flags: taking with a rising start wakes all workers in turn", () => {
  const flags = new Flags(flagsBlock(), 70);
  for (let worker = 0; worker < 70; worker++) flags.park(worker);
  const taken: number[] = [];
  for (let start = 50; taken.length < 70; start = taken.at(-1)! + 1) {
    taken.push(flags.takeParked(start));
  }
  assertEquals(taken, Array.from({ length: 70 }, (_, i) => (i + 50) % 70));
});

Deno.test("flags: alive workers, and dead ones that are not woken", () => {
  const flags = new Flags(flagsBlock(), 256);
  assertEquals(flags.isAlive(255), false);
  flags.setAlive(255);
  flags.setAlive(31);
  flags.park(31);
  assertEquals([flags.isAlive(255), flags.isAlive(31), flags.isAlive(30)], [true, true, false]);
  flags.setDead(31);
  assertEquals([flags.isAlive(255), flags.isAlive(31)], [true, false]);
  assertEquals(flags.takeParked(0), -1);
});

Deno.test("flags: threads may block only while all are loaded", () => {
  const words = flagsBlock();
  const [main, worker] = [new Flags(words, 1), new Flags(words, 1)];
  assertEquals(worker.isAllLoaded(), false);
  for (const allLoaded of [true, false, true]) {
    main.setAllLoaded(allLoaded);
    assertEquals(worker.isAllLoaded(), allLoaded);
  }
});

Deno.test("flags: draining is set for good", () => {
  const words = flagsBlock();
  assertEquals(new Flags(words, 1).isDraining(), false);
  new Flags(words, 1).setDraining();
  assertEquals(new Flags(words, 1).isDraining(), true);
});

Deno.test("flags: a stop follows while connections are left to a new server", () => {
  const words = flagsBlock();
  const [main, worker] = [new Flags(words, 1), new Flags(words, 1)];
  main.setHandingOver();
  assertEquals([worker.isDraining(), worker.isHandingOver()], [true, true]);
  main.setDraining();
  assertEquals([worker.isDraining(), worker.isHandingOver()], [true, false]);
});

Deno.test("flags: a pause of accepting is seen by all, and changes no other flag", () => {
  const words = flagsBlock();
  const [main, acceptor] = [new Flags(words, 1), new Flags(words, 1)];
  for (const paused of [true, false]) {
    main.setAcceptingPaused(paused);
    assertEquals(acceptor.isAcceptingPaused(), paused);
    assertEquals([acceptor.isDraining(), acceptor.isAllLoaded()], [false, false]);
    main.setFrozen(!paused);
    assertEquals([acceptor.isFrozen(), acceptor.isAcceptingPaused()], [!paused, paused]);
  }
});

Deno.test("flags: who waits to enter an address is notified when the other thread leaves", () => {
  const flags = new Flags(flagsBlock(), 1);
  const { notify, wait } = Atomics;
  const calls: string[] = [];
  Atomics.notify = (words, index, count) => {
    calls.push("notify");
    return notify(words as Int32Array, index, count);
  };
  const leave = (words: Int32Array, index: number) => {
    calls.push("wait");
    Atomics.store(words, index, 0); // the other thread leaves
    return "ok";
  };
  Object.assign(Atomics, { wait: leave });
  try {
    flags.whileEntering(() => {}); // nobody else: neither
    flags.whileEntering(() => flags.whileEntering(() => calls.push("entered")));
  } finally {
    Object.assign(Atomics, { notify, wait });
  }
  // The second one leaves as one for which others may wait.
  assertEquals(calls, ["wait", "entered", "notify"]);
});

Deno.test("flags: who gives up connections waits until they are taken, and not for ever", () => {
  const flags = new Flags(flagsBlock(), 256);
  flags.awaitTaken(3, 60_000); // it has given up nothing
  flags.setGiving(3);
  flags.setGiving(200);
  flags.awaitTaken(3, 1);
  flags.setTaken(3); // before it waits
  flags.awaitTaken(3, 60_000);
  assertEquals([flags.isAlive(3), flags.isParked(3)], [false, false]);
});

Deno.test("flags: who waits for connections to be taken is notified, and another one of the same word waits on", () => {
  const flags = new Flags(flagsBlock(), 8);
  const { notify, wait } = Atomics;
  const calls: string[] = [];
  Atomics.notify = (words, index, count) => {
    calls.push("notify");
    return notify(words as Int32Array, index, count);
  };
  const others = [2, 5];
  Object.assign(Atomics, {
    wait: () => {
      calls.push("wait");
      flags.setTaken(others.shift()!); // by another thread
      return "ok";
    },
  });
  try {
    flags.setGiving(2);
    flags.setGiving(5);
    flags.awaitTaken(5, 60_000);
  } finally {
    Object.assign(Atomics, { notify, wait });
  }
  assertEquals(calls, ["wait", "notify", "wait", "notify"]);
});
