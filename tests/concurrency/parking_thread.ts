/** The thread of parking_test.ts: a producer of work, or a worker that sleeps when there is none. */
import {
  type InboxSink,
  openSharedState,
  type SharedState,
  TASK_WORDS,
} from "../../runtime/ring/mod.ts";
import { Random } from "../support/random.ts";
import { runPart } from "./part.ts";

/** The task of a thread. */
export interface ParkingSetting {
  memory: SharedArrayBuffer;
  /** A word for each worker: its doorbell, 1 if rung. Replaces an eventfd. */
  bells: Int32Array;
  /** A word for each producer: the number of its last piece of work that was done. */
  answers: Int32Array;
  role: "worker" | "producer";
  /** Number of the worker, or of the producer. */
  number: number;
  producers: number;
  /** Pieces of work of each producer. */
  rounds: number;
  /** Whether a producer submits as fast as it can instead of waiting for each answer. */
  burst: boolean;
}

/** The result of a thread. */
export interface ParkingResult {
  /** Pieces of work submitted, or done. */
  count: number;
  /** How often a producer rang, or a worker slept. */
  bells: number;
  /** How often no worker had to be woken, or a worker found work in the check after parking. */
  awake: number;
  /** Pieces of work that no worker did: lost wake-ups. */
  lost: number;
}

/** A piece of work is done in microseconds; after this time the wake-up is lost. */
const LOST_MS = 5_000;

const TASK = new Int32Array(TASK_WORDS);
const RECORD = new Uint8Array(1);

runPart((setting: ParkingSetting) => setting.role === "worker" ? work(setting) : submit(setting));

function submit(setting: ParkingSetting): ParkingResult {
  const state = openSharedState(setting.memory);
  const result = { count: 0, bells: 0, awake: 0, lost: 0 };
  const random = new Random(setting.number);
  while (result.count < setting.rounds && result.lost === 0) {
    // A random delay, to hit different moments of a worker going to sleep.
    for (let i = random.below(300); i > 0; i--) Atomics.load(setting.bells, 0);
    const woken = submitOne(setting, { state, random });
    result.count++;
    if (woken < 0) result.awake++;
    else {
      result.bells++;
      ring(setting, woken);
    }
    const goOn = setting.burst && result.count < setting.rounds && random.below(50) > 0;
    if (!goOn && !awaitAnswersTo(setting, result.count)) result.lost++;
  }
  // Workers end when all work is done or given up: wake the sleeping ones to notice it.
  if (result.lost > 0) Atomics.store(setting.answers, setting.number, setting.rounds);
  for (let worker = 0; worker < state.workers; worker++) ring(setting, worker);
  return result;
}

/** Submits a task for any worker or a record for one; returns the worker to wake, or -1. */
function submitOne(setting: ParkingSetting, by: { state: SharedState; random: Random }): number {
  const { state, random } = by;
  const worker = random.below(state.workers);
  if (random.below(4) > 0) {
    TASK[0] = setting.number;
    while (!state.taskRing.push(TASK)) awaitAnswer(setting);
    return state.flags.takeParked(worker);
  }
  RECORD[0] = setting.number;
  while (!state.inbox(worker).write(1, RECORD, 0, 1)) awaitAnswer(setting);
  return state.flags.takeIfParked(worker) ? worker : -1;
}

/** Waits until `count` pieces of this producer's work are done; false if that does not happen. */
function awaitAnswersTo(setting: ParkingSetting, count: number): boolean {
  for (;;) {
    const answered = Atomics.load(setting.answers, setting.number);
    if (answered === count) return true;
    const outcome = Atomics.wait(setting.answers, setting.number, answered, LOST_MS);
    if (outcome === "timed-out") return false;
  }
}

/** Waits for one more answer, which makes room; at most a millisecond, because it may be for another producer. */
function awaitAnswer(setting: ParkingSetting): void {
  const answered = Atomics.load(setting.answers, setting.number);
  Atomics.wait(setting.answers, setting.number, answered, 1);
}

function ring(setting: ParkingSetting, worker: number): void {
  Atomics.store(setting.bells, worker, 1);
  Atomics.notify(setting.bells, worker);
}

function work(setting: ParkingSetting): ParkingResult {
  const state = openSharedState(setting.memory);
  const result = { count: 0, bells: 0, awake: 0, lost: 0 };
  const sink: InboxSink = {
    record: (_type, bytes, start) => answer(setting, bytes[start]!),
  };
  for (;;) {
    result.count += doAvailableWork({ state, sink, setting });
    if (isOver(setting)) return result;
    state.flags.park(setting.number);
    const found = doAvailableWork({ state, sink, setting });
    if (found > 0) {
      state.flags.unpark(setting.number);
      result.count += found;
      result.awake++;
      continue;
    }
    Atomics.wait(setting.bells, setting.number, 0);
    Atomics.store(setting.bells, setting.number, 0);
    state.flags.unpark(setting.number);
    result.bells++;
  }
}

interface WorkContext {
  state: SharedState;
  sink: InboxSink;
  setting: ParkingSetting;
}

/** Does all available work and returns the number of pieces. */
function doAvailableWork({ state, sink, setting }: WorkContext): number {
  let count = state.inbox(setting.number).drain(sink, Infinity);
  for (; state.taskRing.pop(TASK); count++) answer(setting, TASK[0]!);
  return count;
}

function answer(setting: ParkingSetting, producer: number): void {
  Atomics.add(setting.answers, producer, 1);
  Atomics.notify(setting.answers, producer);
}

/** Whether all work is done, or given up, which fails the test anyway. */
function isOver(setting: ParkingSetting): boolean {
  for (let producer = 0; producer < setting.producers; producer++) {
    if (Atomics.load(setting.answers, producer) < setting.rounds) return false;
  }
  return true;
}
