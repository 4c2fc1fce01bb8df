/** One who brings work, or one worker that sleeps between; see parking_test.ts. */
import {
  type InboxSink,
  openSharedState,
  type SharedState,
  TASK_WORDS,
} from "../../runtime/ring/mod.ts";
import { Random } from "../support/random.ts";
import { playPart } from "./part.ts";

/** What a thread is to do. */
export interface ParkingSetting {
  memory: SharedArrayBuffer;
  /** A word for each worker: its doorbell, 1 when rung. Stands for an eventfd. */
  bells: Int32Array;
  /** A word for each bringer: the number of its last piece of work that was done. */
  answers: Int32Array;
  role: "worker" | "bringer";
  /** Number of the worker, or of the bringer. */
  number: number;
  bringers: number;
  /** Pieces of work of each bringer. */
  rounds: number;
  /** Brings as fast as it can instead of waiting for each answer. */
  burst: boolean;
}

/** What it saw. */
export interface ParkingResult {
  /** Pieces of work brought, or done. */
  count: number;
  /** How often it rang, or how often it slept. */
  bells: number;
  /** How often nobody had to be woken, or how often work was found in the look after parking. */
  awake: number;
  /** Pieces of work that nobody did: lost wake-ups. */
  lost: number;
}

/** A piece of work is done in microseconds; after this long nobody was woken for it. */
const LOST_MS = 5_000;

const TASK = new Int32Array(TASK_WORDS);
const RECORD = new Uint8Array(1);

playPart((setting: ParkingSetting) => setting.role === "worker" ? work(setting) : bring(setting));

function bring(setting: ParkingSetting): ParkingResult {
  const state = openSharedState(setting.memory);
  const result = { count: 0, bells: 0, awake: 0, lost: 0 };
  const random = new Random(setting.number);
  while (result.count < setting.rounds && result.lost === 0) {
    // Not always the same moment of the worker's way to sleep.
    for (let i = random.below(300); i > 0; i--) Atomics.load(setting.bells, 0);
    const woken = bringOne(setting, { state, random });
    result.count++;
    if (woken < 0) result.awake++;
    else {
      result.bells++;
      ring(setting, woken);
    }
    const goOn = setting.burst && result.count < setting.rounds && random.below(50) > 0;
    if (!goOn && !awaitAnswersTo(setting, result.count)) result.lost++;
  }
  // Workers end when all is done, or given up: wake those who sleep, to see it.
  if (result.lost > 0) Atomics.store(setting.answers, setting.number, setting.rounds);
  for (let worker = 0; worker < state.workers; worker++) ring(setting, worker);
  return result;
}

/** Brings a task for all or a record for one; gives the worker to ring for, or -1. */
function bringOne(setting: ParkingSetting, by: { state: SharedState; random: Random }): number {
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

/** Waits until `count` pieces of this bringer's work are done; false if that does not happen. */
function awaitAnswersTo(setting: ParkingSetting, count: number): boolean {
  for (;;) {
    const answered = Atomics.load(setting.answers, setting.number);
    if (answered === count) return true;
    const outcome = Atomics.wait(setting.answers, setting.number, answered, LOST_MS);
    if (outcome === "timed-out") return false;
  }
}

/** Waits for one more answer, which makes room; a millisecond at most, for it may be another's. */
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
    result.count += look({ state, sink, setting });
    if (isOver(setting)) return result;
    state.flags.park(setting.number);
    const found = look({ state, sink, setting });
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

interface Looking {
  state: SharedState;
  sink: InboxSink;
  setting: ParkingSetting;
}

/** Does all the work there is, and gives how many pieces that were. */
function look({ state, sink, setting }: Looking): number {
  let count = state.inbox(setting.number).drain(sink, Infinity);
  for (; state.taskRing.pop(TASK); count++) answer(setting, TASK[0]!);
  return count;
}

function answer(setting: ParkingSetting, bringer: number): void {
  Atomics.add(setting.answers, bringer, 1);
  Atomics.notify(setting.answers, bringer);
}

/** Whether all bringers' work is done, or they gave it up: then the test fails anyway. */
function isOver(setting: ParkingSetting): boolean {
  for (let bringer = 0; bringer < setting.bringers; bringer++) {
    if (Atomics.load(setting.answers, bringer) < setting.rounds) return false;
  }
  return true;
}
