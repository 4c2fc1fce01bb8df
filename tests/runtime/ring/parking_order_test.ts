/**
 * The parking protocol of flags.ts, step by step: wherever either side is interrupted, no wake-up is lost.
 *
 * One side is stopped before each of its memory operations in turn, and the other runs completely there. A
 * wake-up is lost if the worker saw nothing and no thread rang. The same harness is shown to find the loss if
 * the steps come in the wrong order.
 */
import { assert, assertEquals } from "@std/assert";
import { Flags } from "../../../runtime/ring/flags.ts";
import { Inbox } from "../../../runtime/ring/inbox.ts";
import { TASK_WORDS, TaskRing } from "../../../runtime/ring/task_ring.ts";
import {
  flagsBlock,
  flagsName,
  inboxBlock,
  inboxName,
  taskOf,
  taskRingBlock,
  taskRingName,
} from "./blocks.ts";
import { MemoryRecorder } from "./memory_recorder.ts";
import { RecordList } from "./record_list.ts";

/** The memory of one server, as one side accesses it. */
interface Side {
  ring: TaskRing;
  inbox: Inbox;
  flags: Flags;
}

type Words = Record<"ring" | "inbox" | "flags", Int32Array>;

function sideOf(words: Words): Side {
  return {
    ring: new TaskRing(words.ring),
    inbox: new Inbox(words.inbox),
    flags: new Flags(words.flags, 2),
  };
}

function watch(recorder: MemoryRecorder, words: Words): Words {
  return {
    ring: recorder.watch(words.ring, taskRingName),
    inbox: recorder.watch(words.inbox, inboxName),
    flags: recorder.watch(words.flags, flagsName),
  };
}

const WORKER = 1;

/** The worker's check: whether there is work. */
function check(side: Side): boolean {
  const task = side.ring.pop(new Int32Array(TASK_WORDS));
  return side.inbox.drain(new RecordList(), 9) > 0 || task || side.flags.isDraining();
}

/** The worker parks; returns whether it found work after all. */
const goToSleep: Record<string, (side: Side) => boolean> = {
  "park, check": (side) => {
    side.flags.park(WORKER);
    return check(side);
  },
  "check, park": (side) => {
    const found = check(side);
    side.flags.park(WORKER);
    return found;
  },
};

/** The sides that bring work: each returns whether it rings the worker. */
const bringWork: Record<string, (side: Side) => boolean> = {
  "push, take": (side) => {
    side.ring.push(taskOf(1));
    return side.flags.takeParked(0) === WORKER;
  },
  "write, take": (side) => {
    side.inbox.write(1, new Uint8Array(8), 0, 8);
    return side.flags.takeIfParked(WORKER);
  },
  "drain, take": (side) => {
    side.flags.setDraining();
    return side.flags.takeIfParked(WORKER);
  },
  "take, push": (side) => {
    const rung = side.flags.takeParked(0) === WORKER;
    side.ring.push(taskOf(1));
    return rung;
  },
};

/** Runs `inner` completely before each step of `outer`, and at its end; counts lost wake-ups. */
function lostWakeUps(outer: (side: Side) => boolean, inner: (side: Side) => boolean): number {
  let lost = 0;
  let steps = 1;
  for (let step = 0; step <= steps; step++) {
    const words = { ring: taskRingBlock(2), inbox: inboxBlock(256), flags: flagsBlock() };
    const recorder = new MemoryRecorder();
    let innerResult: boolean | undefined;
    recorder.before = (at) => {
      if (at === step) innerResult = inner(sideOf(words));
    };
    // Creating the views is not part of the recording.
    const side = sideOf(watch(recorder, words));
    const outerResult = recorder.record(() => outer(side));
    innerResult ??= inner(sideOf(words));
    if (!outerResult && !innerResult) lost++;
    steps = recorder.steps;
  }
  assert(steps >= 2, `${steps} steps`);
  return lost;
}

for (const producer of ["push, take", "write, take", "drain, take"]) {
  Deno.test(`parking order: no wake-up lost between "park, check" and "${producer}"`, () => {
    const sleep = goToSleep["park, check"]!;
    const bring = bringWork[producer]!;
    assertEquals(lostWakeUps(sleep, bring), 0);
    assertEquals(lostWakeUps(bring, sleep), 0);
  });

  Deno.test(`parking order: "check, park" would lose one to "${producer}"`, () => {
    assert(lostWakeUps(goToSleep["check, park"]!, bringWork[producer]!) > 0);
  });
}

Deno.test('parking order: "take, push" would lose one to "park, check"', () => {
  assert(lostWakeUps(bringWork["take, push"]!, goToSleep["park, check"]!) > 0);
});

Deno.test("parking order: the flag is set before the worker checks", () => {
  const words = { ring: taskRingBlock(2), inbox: inboxBlock(256), flags: flagsBlock() };
  const recorder = new MemoryRecorder();
  const side = sideOf(watch(recorder, words));
  recorder.record(() => goToSleep["park, check"]!(side));
  assertEquals(recorder.operations, [
    "or parked",
    "load head",
    "load sequence",
    "load head",
    "load length",
    "load draining",
  ]);
});

Deno.test("parking order: the task is published before the flag is read", () => {
  const words = { ring: taskRingBlock(2), inbox: inboxBlock(256), flags: flagsBlock() };
  new Flags(words.flags, 2).park(WORKER);
  const recorder = new MemoryRecorder();
  const side = sideOf(watch(recorder, words));
  recorder.record(() => bringWork["push, take"]!(side));
  assertEquals(recorder.operations.slice(-3), ["store sequence", "load parked", "and parked"]);
});

Deno.test("parking order: two producers never both ring for one flag", () => {
  for (const first of ["takeParked", "takeIfParked", "unpark"] as const) {
    const argument = first === "takeParked" ? 0 : WORKER;
    for (let step = 0; step < 2; step++) {
      const words = flagsBlock();
      const other = new Flags(words, 2);
      other.park(WORKER);
      const recorder = new MemoryRecorder();
      let taken = false;
      recorder.before = (at) => {
        if (at === step) taken = other.takeIfParked(WORKER);
      };
      const flags = new Flags(recorder.watch(words, flagsName), 2);
      const mine = recorder.record(() => flags[first](argument));
      assertEquals([taken, mine], [true, first === "takeParked" ? -1 : false]);
    }
  }
});
