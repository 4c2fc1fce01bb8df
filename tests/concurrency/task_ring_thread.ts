/** The thread of task_ring_test.ts: a producer or consumer of numbered tasks. */
import { openSharedState, TASK_WORDS } from "../../runtime/ring/mod.ts";
import { runPart, yieldCore } from "./part.ts";

/** The task of a thread. */
export interface TaskRingSetting {
  memory: SharedArrayBuffer;
  /** One bit for each task: set by the consumer that got it. */
  seen: Int32Array;
  /** Word 0: how many producers are done. */
  done: Int32Array;
  producers: number;
  /** Number of the producer, or -1 for a consumer. */
  producer: number;
  /** Tasks of each producer. */
  tasks: number;
}

/** The result of a thread. */
export interface TaskRingResult {
  /** Tasks pushed, or popped. */
  count: number;
  /** How often the ring was full, or empty. */
  refused: number;
  /** Torn tasks: their words do not belong together. */
  torn: number;
  /** Tasks that were popped before. */
  repeated: number;
  /** Tasks that were popped after a later one of the same producer. */
  disordered: number;
}

runPart((setting: TaskRingSetting) => setting.producer < 0 ? consume(setting) : produce(setting));

function produce({ memory, done, producer, tasks }: TaskRingSetting): TaskRingResult {
  const { taskRing } = openSharedState(memory);
  const task = new Int32Array(TASK_WORDS);
  const result = { count: 0, refused: 0, torn: 0, repeated: 0, disordered: 0 };
  for (let number = producer * tasks; result.count < tasks; number++) {
    for (let i = 0; i < TASK_WORDS; i++) task[i] = Math.imul(number, 2 * i + 1);
    let attempt = 0;
    while (!taskRing.push(task)) {
      result.refused++;
      yieldCore(++attempt);
    }
    result.count++;
  }
  Atomics.add(done, 0, 1);
  return result;
}

function consume(setting: TaskRingSetting): TaskRingResult {
  const { taskRing } = openSharedState(setting.memory);
  const task = new Int32Array(TASK_WORDS);
  const result = { count: 0, refused: 0, torn: 0, repeated: 0, disordered: 0 };
  const last = new Int32Array(setting.producers).fill(-1);
  let attempt = 0;
  for (;;) {
    // Read before the pop: if all producers were done and the ring is empty, it stays empty.
    const over = Atomics.load(setting.done, 0) === setting.producers;
    if (taskRing.pop(task)) {
      attempt = 0;
      result.count++;
      check(task, { setting, last, result });
    } else {
      if (over) return result;
      result.refused++;
      yieldCore(++attempt);
    }
  }
}

interface Checking {
  setting: TaskRingSetting;
  /** The last task of each producer that this consumer popped. */
  last: Int32Array;
  result: TaskRingResult;
}

function check(task: Int32Array, { setting, last, result }: Checking): void {
  const number = task[0]!;
  for (let i = 1; i < TASK_WORDS; i++) {
    if (task[i] !== Math.imul(number, 2 * i + 1)) {
      result.torn++;
      return;
    }
  }
  const bit = 1 << (number & 31);
  if ((Atomics.or(setting.seen, number >> 5, bit) & bit) !== 0) result.repeated++;
  const producer = Math.floor(number / setting.tasks);
  if (number <= last[producer]!) result.disordered++;
  last[producer] = number;
}
