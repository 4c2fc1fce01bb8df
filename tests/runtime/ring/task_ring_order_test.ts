/**
 * The order in which the task ring touches memory, and what another thread can do in between.
 *
 * The second part stops a push or pop before each of its operations in turn, lets another thread's
 * whole pushes and pops happen there, and checks that each task still comes out exactly once.
 */
import { assert, assertEquals } from "@std/assert";
import { TASK_WORDS, TaskRing } from "../../../runtime/ring/task_ring.ts";
import { numberOf, POSITIONS, taskOf, taskRingBlock, taskRingName } from "./blocks.ts";
import { MemoryRecorder } from "./memory_recorder.ts";

function watched(words: Int32Array): { recorder: MemoryRecorder; ring: TaskRing } {
  const recorder = new MemoryRecorder();
  return { recorder, ring: new TaskRing(recorder.watch(words, taskRingName)) };
}

Deno.test("task ring order: push claims, writes the task, and only then publishes", () => {
  const { recorder, ring } = watched(taskRingBlock(2));
  recorder.record(() => ring.push(taskOf(1)));
  assertEquals(recorder.operations, [
    "load tail",
    "load sequence",
    "claim tail",
    "write task",
    "store sequence",
  ]);
  assertEquals(recorder.steps, 4 + TASK_WORDS);
});

Deno.test("task ring order: pop claims, reads the task, and only then frees the slot", () => {
  const words = taskRingBlock(2);
  new TaskRing(words).push(taskOf(1));
  const { recorder, ring } = watched(words);
  recorder.record(() => ring.pop(new Int32Array(TASK_WORDS)));
  assertEquals(recorder.operations, [
    "load head",
    "load sequence",
    "claim head",
    "read task",
    "store sequence",
  ]);
});

Deno.test("task ring order: full and empty write nothing", () => {
  const words = taskRingBlock(2);
  const empty = watched(words);
  empty.recorder.record(() => empty.ring.pop(new Int32Array(TASK_WORDS)));
  assertEquals(empty.recorder.operations, ["load head", "load sequence"]);
  const plain = new TaskRing(words);
  while (plain.push(taskOf(1)));
  const full = watched(words);
  full.recorder.record(() => full.ring.push(taskOf(1)));
  assertEquals(full.recorder.operations, ["load tail", "load sequence"]);
});

/** What the other thread does while this one is stopped: `+` pushes, `-` pops. */
const MEANWHILE = ["+", "-", "+-", "-+", "++--", "-+-+", "+-+-+-+-", "----++++", "++++----"];

for (const [name, position] of POSITIONS) {
  for (const action of ["+", "-"]) {
    Deno.test(`task ring order: another thread before every step of ${action} from ${name}`, () => {
      for (let filled = 0; filled <= 4; filled++) {
        for (const meanwhile of MEANWHILE) {
          let steps = 1;
          for (let step = 0; step < steps; step++) {
            steps = interrupted({ position, filled, action, meanwhile, step });
          }
          // A claim and all words of a task are among the steps, unless it was refused.
          const refused = action === "+" ? filled === 4 : filled === 0;
          assert(refused || steps > TASK_WORDS, `${steps} steps`);
        }
      }
    });
  }
}

interface Interruption {
  position: number;
  filled: number;
  action: string;
  meanwhile: string;
  step: number;
}

/** Runs one interruption, checks the outcome, and returns the number of steps of the action. */
function interrupted(plan: Interruption): number {
  const words = taskRingBlock(4, plan.position);
  const pushed: number[] = [];
  const popped: number[] = [];
  let next = 100;
  const act = (ring: TaskRing, action: string) => {
    const task = action === "+" ? taskOf(next) : new Int32Array(TASK_WORDS);
    if (action === "+") {
      const number = next++;
      if (ring.push(task)) pushed.push(number);
    } else if (ring.pop(task)) popped.push(numberOf(task));
  };
  const other = new TaskRing(words);
  for (let i = 0; i < plan.filled; i++) act(other, "+");
  const { recorder, ring } = watched(words);
  recorder.before = (step) => {
    if (step === plan.step) { for (const action of plan.meanwhile) act(other, action); }
  };
  recorder.record(() => act(ring, plan.action));
  const before = pushed.length - popped.length;
  assertEquals(other.size(), before, JSON.stringify(plan));
  for (let i = 0; i < 5; i++) act(other, "-");
  assertEquals(popped.toSorted(), pushed.toSorted(), JSON.stringify(plan));
  assertEquals(other.size(), 0);
  for (let i = 0; i < 4; i++) assertEquals(other.push(taskOf(i)), true);
  return recorder.steps;
}
