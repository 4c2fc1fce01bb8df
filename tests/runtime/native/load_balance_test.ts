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
function bench(open: readonly number[]) {
  const workers = open.length;
  const memory = createSharedState({ workers, taskSlots: 2, inboxBytes: 256, descriptors: 64 });
  const state = openSharedState(memory);
  const rung: number[] = [];
  open.forEach((count, worker) => {
    state.flags.setAlive(worker);
    state.counters(worker).add(COLUMN.connectionsOpened, count);
  });
  const balance = new LoadBalance(state, 0, (worker) => rung.push(worker));
  return { balance, flags: state.flags, ring: state.taskRing, rung, mine: open[0]! };
}

/** A task that became ready at this time. */
function taskAt(readyAt: number): Int32Array {
  const task = new Int32Array(TASK_WORDS);
  task[TASK_FIELD.readyAt] = readyAt;
  return task;
}

const TASK = taskAt(0);

Deno.test("load balance: an accepted connection goes to the idle worker with the fewest connections", () => {
  const { balance, flags, mine, ring, rung } = bench([5, 3, 2, 0]);
  for (const worker of [1, 2]) flags.park(worker); // worker 3 is busy
  assertEquals(balance.handOver(TASK, mine), true);
  assertEquals([ring.size(), ...rung], [1, 2]);
});

Deno.test("load balance: a worker keeps what it accepts if it is alone, or ahead by one connection", () => {
  assertEquals(bench([100]).balance.handOver(TASK, 100), false);
  const { balance, flags, mine, rung } = bench([3, 2]);
  flags.park(1);
  assertEquals(balance.handOver(TASK, mine), false);
  assertEquals(rung, []);
});

Deno.test("load balance: to busy workers only a worker with much more than its share hands over", () => {
  for (const [mine, other] of [[FREE_SHARE, 0], [100, 90]] as const) {
    assertEquals(bench([mine, other]).balance.handOver(TASK, mine), false);
  }
  const { balance, mine, ring, rung } = bench([100, 10]);
  assertEquals(balance.handOver(TASK, mine), true);
  assertEquals([ring.size(), ...rung], [1]);
});

Deno.test("load balance: with a full ring a worker keeps what it accepts", () => {
  const { balance, flags, mine, ring, rung } = bench([5, 0]);
  while (ring.push(TASK));
  flags.park(1);
  assertEquals(balance.handOver(TASK, mine), false);
  assertEquals(rung, []);
  assertEquals(flags.isParked(1), true);
});

Deno.test("load balance: who handed a connection over does not take it back, unless nobody takes it", () => {
  const { balance, flags, mine } = bench([5, 0]);
  flags.park(1);
  balance.handOver(taskAt(1000), mine);
  assertEquals(balance.mayTake(mine, 1000), false);
  assertEquals(balance.mayTake(mine, 1000 + YIELDED_TASK_AGE), true);
});

Deno.test("load balance: who handed a connection over takes the tasks that it is woken for", () => {
  const { balance, mine } = bench([5, 0]);
  balance.handOver(taskAt(1000), mine); // nobody is idle, and 5 is no overload
  assertEquals(balance.mayTake(mine, 1000), true);
  const other = bench([5, 0]);
  other.flags.park(1);
  other.balance.handOver(taskAt(1000), mine);
  other.balance.forgetHandedOver();
  assertEquals(other.balance.mayTake(mine, 1000), true);
});
