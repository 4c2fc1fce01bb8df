import { assertEquals } from "@std/assert";
import { FREE_SHARE } from "../../../runtime/native/free_share.ts";
import { LoadBalance, YIELDED_TASK_AGE } from "../../../runtime/native/load_balance.ts";
import {
  COLUMN,
  createSharedState,
  openSharedState,
  TASK_FIELD,
  TASK_WORDS,
} from "../../../runtime/ring/mod.ts";

/** Worker 0 of several that serve, with these open connections. */
function bench(open: readonly number[], taskSlots = 2) {
  const workers = open.length;
  const memory = createSharedState({ workers, taskSlots, inboxBytes: 256, descriptors: 64 });
  const state = openSharedState(memory);
  const rung: number[] = [];
  open.forEach((count, worker) => {
    state.flags.setAlive(worker);
    state.counters(worker).add(COLUMN.connectionsOpened, count);
  });
  const balance = new LoadBalance(state, 0, (worker) => rung.push(worker));
  return { balance, flags: state.flags, ring: state.taskRing, rung, state, mine: open[0]! };
}

/** A task that became ready at this time. */
function taskAt(readyAt: number): Int32Array {
  const task = new Int32Array(TASK_WORDS);
  task[TASK_FIELD.readyAt] = readyAt;
  return task;
}

const TASK = taskAt(0);

Deno.test("load balance: an accepted connection goes to the idle worker with the fewest connections", () => {
  const { balance, flags, mine, ring, rung } = bench([5, 3, 2, 2]);
  for (const worker of [1, 2]) flags.park(worker); // worker 3 is busy
  assertEquals(balance.handOver(TASK, mine, 0), true);
  assertEquals([ring.size(), ...rung], [1, 2]);
});

Deno.test("load balance: a worker keeps what it accepts if it is alone, or ahead by one connection", () => {
  assertEquals(bench([100]).balance.handOver(TASK, 100, 0), false);
  const { balance, flags, mine, rung } = bench([3, 2]);
  flags.park(1);
  assertEquals(balance.handOver(TASK, mine, 0), false);
  assertEquals(rung, []);
});

Deno.test("load balance: to busy workers only a worker with much more than its share hands over", () => {
  for (const [mine, other] of [[FREE_SHARE, FREE_SHARE / 2], [3, 1], [100, 90]] as const) {
    assertEquals(bench([mine, other]).balance.handOver(TASK, mine, 0), false);
  }
  const { balance, mine, ring, rung } = bench([100, 10]);
  assertEquals(balance.handOver(TASK, mine, 0), true);
  assertEquals([ring.size(), ...rung], [1]);
});

Deno.test("load balance: with a full ring a worker keeps what it accepts", () => {
  const { balance, flags, mine, ring, rung } = bench([5, 0]);
  while (ring.push(TASK));
  flags.park(1);
  assertEquals(balance.handOver(TASK, mine, 0), false);
  assertEquals(rung, []);
  assertEquals(flags.isParked(1), true);
});

Deno.test("load balance: who handed a connection over does not take it back, unless nobody takes it", () => {
  const { balance, flags, mine } = bench([5, 0]);
  flags.park(1);
  balance.handOver(taskAt(1000), mine, 0);
  assertEquals(balance.mayTake(mine, 1000), false);
  assertEquals(balance.mayTake(mine, 1000 + YIELDED_TASK_AGE), true);
});

Deno.test("load balance: who handed a connection over takes the tasks that it is woken for", () => {
  const { balance, mine } = bench([5, 2]);
  balance.handOver(taskAt(1000), mine, 0); // nobody is idle, and 5 is no overload
  assertEquals(balance.mayTake(mine, 1000), true);
  const other = bench([5, 0]);
  other.flags.park(1);
  other.balance.handOver(taskAt(1000), mine, 0);
  other.balance.forgetHandedOver();
  assertEquals(other.balance.mayTake(mine, 1000), true);
});

Deno.test("load balance: connections that have lasted are compared exactly, if they are few", () => {
  for (
    const [lasting, other, handsOver] of [
      [1, 0, true],
      [2, 1, true],
      [1, 1, false],
      [0, 0, false],
      [100, 99, false],
    ] as const
  ) {
    const { balance, flags } = bench([lasting, other]);
    flags.park(1);
    assertEquals(balance.handOver(TASK, lasting, lasting), handsOver, `${lasting} and ${other}`);
  }
});

Deno.test("load balance: of a burst, a worker that was just woken gets connections until the numbers meet", () => {
  const { balance, flags, ring, rung, state } = bench([0, 0], 64);
  flags.park(1);
  const mine = state.counters(0);
  for (let i = 0; i < 32; i++) {
    if (!balance.handOver(TASK, mine.openConnections, 0)) mine.add(COLUMN.connectionsOpened, 1);
  }
  assertEquals([mine.openConnections, ring.size(), ...rung], [17, 15, 1]);
});

Deno.test("load balance: of a burst of eight, a worker that is awake without connections gets three", () => {
  const { balance, ring, rung, state } = bench([0, 0], 64);
  const mine = state.counters(0);
  for (let i = 0; i < 8; i++) {
    if (!balance.handOver(TASK, mine.openConnections, 0)) mine.add(COLUMN.connectionsOpened, 1);
  }
  assertEquals([mine.openConnections, ring.size(), ...rung], [5, 3]);
});

Deno.test("load balance: a worker that is awake gets no more until it comes back to its loop", () => {
  const { balance, state } = bench([5, 0]);
  const later = 1000 + YIELDED_TASK_AGE;
  assertEquals(balance.handOver(taskAt(1000), 5, 0), true);
  assertEquals(balance.handOver(taskAt(later), 5, 0), false);
  state.counters(1).add(COLUMN.loopTurns, 1);
  assertEquals(balance.handOver(taskAt(later), 5, 0), true);
});

Deno.test("load balance: short connections are not left to a worker that is awake", () => {
  const { balance, ring } = bench([5, 0]);
  assertEquals(balance.handOver(taskAt(1000), 5, 0, 1), false);
  assertEquals(ring.size(), 0);
  assertEquals(balance.handOver(taskAt(1000), 5, 0, 100), true);
});

Deno.test("load balance: a worker that was woken long ago is not taken for idle", () => {
  const { balance, flags } = bench([5, 0]);
  flags.park(1);
  assertEquals(balance.handOver(taskAt(1000), 5, 0), true);
  assertEquals(balance.handOver(taskAt(1000 + YIELDED_TASK_AGE), 5, 0), false);
});

for (const [of, open] of [["an idle worker", [5, 0]], ["all", [100, 10]]] as const) {
  Deno.test(`load balance: a worker that parks while a connection is handed to ${of} is rung`, () => {
    const { balance, flags, mine, ring, rung } = bench(open);
    if (open[0] === 5) { // it was woken, and parks again
      flags.park(1);
      balance.handOver(TASK, mine, 0);
      rung.length = 0;
      ring.pop(new Int32Array(TASK_WORDS));
    }
    const push = ring.push.bind(ring);
    ring.push = (task) => {
      flags.park(1); // it has found the ring empty
      return push(task);
    };
    assertEquals(balance.handOver(TASK, mine, 0), true);
    assertEquals(rung, [1]);
  });
}
