/**
 * The order in which the inbox touches memory, and what another thread can do in between.
 *
 * The second part stops a write or drain before each of its operations in turn, lets another
 * thread write or drain there, and checks that each record still comes out once and whole.
 */
import { assert, assertEquals } from "@std/assert";
import { Inbox } from "../../../runtime/ring/inbox.ts";
import { INBOX_HEADER_BYTES } from "../../../runtime/ring/layout.ts";
import { inboxBlock, inboxName } from "./blocks.ts";
import { MemoryRecorder } from "./memory_recorder.ts";
import { RecordList } from "./record_list.ts";

function watched(words: Int32Array): { recorder: MemoryRecorder; inbox: Inbox } {
  const recorder = new MemoryRecorder();
  const bytes = new Uint8Array(words.buffer, words.byteOffset + INBOX_HEADER_BYTES);
  const inbox = new Inbox(recorder.watch(words, inboxName), recorder.watch(bytes, () => "payload"));
  return { recorder, inbox };
}

const CLAIM = ["load tail", "load head", "claim tail"];
const WRITE = ["write type", "write payload", "store length"];

Deno.test("inbox order: write claims, writes type and payload, and only then the length", () => {
  const { recorder, inbox } = watched(inboxBlock(1024));
  recorder.record(() => inbox.write(1, new Uint8Array(8), 0, 8));
  assertEquals(recorder.operations, [...CLAIM, ...WRITE]);
});

Deno.test("inbox order: the same for a payload that is copied in one piece", () => {
  for (const [start, end] of [[0, 100], [3, 103]] as const) {
    const { recorder, inbox } = watched(inboxBlock(1024));
    recorder.record(() => inbox.write(1, new Uint8Array(end), start, end));
    assertEquals(recorder.operations, [...CLAIM, ...WRITE]);
  }
});

Deno.test("inbox order: padding publishes its type by its length, like any record", () => {
  const words = inboxBlock(256, 248);
  const { recorder, inbox } = watched(words);
  recorder.record(() => inbox.write(1, new Uint8Array(8), 0, 8));
  assertEquals(recorder.operations, [...CLAIM, "write type", "store length", ...WRITE]);
});

Deno.test("inbox order: full writes nothing", () => {
  const words = inboxBlock(256);
  const plain = new Inbox(words);
  while (plain.write(1, new Uint8Array(8), 0, 8));
  const { recorder, inbox } = watched(words);
  recorder.record(() => inbox.write(1, new Uint8Array(8), 0, 8));
  assertEquals(recorder.operations, ["load tail", "load head"]);
});

Deno.test("inbox order: drain reads, clears what it read, and only then frees it", () => {
  const words = inboxBlock(1024);
  const plain = new Inbox(words);
  for (let i = 0; i < 2; i++) plain.write(1, new Uint8Array(8), 0, 8);
  const { recorder, inbox } = watched(words);
  const sink = { record: () => recorder.note("sink") };
  recorder.record(() => inbox.drain(sink, 2));
  assertEquals(recorder.operations, [
    "load head",
    "load length",
    "read type",
    "sink",
    "load length",
    "read type",
    "sink",
    "clear length",
    "load head",
    "store head",
  ]);
});

/** What other threads do while this one is stopped: `+` writes, `-` drains one, `*` drains all. */
const WHILE_WRITING = ["+", "-", "*", "+-", "-+", "+++*", "*+++", "-+-+-+-+", "++++++++*++++++++"];
/** There is one consumer, so other threads only write. */
const WHILE_DRAINING = ["+", "++", "++++++++++++"];

for (const [action, meanwhiles] of [["+", WHILE_WRITING], ["*", WHILE_DRAINING]] as const) {
  Deno.test(`inbox order: another thread before every step of ${action}`, () => {
    // From every offset, so that the wrap occurs at each record of either thread.
    for (let position = -256; position < 0; position += 8) {
      for (const filled of [0, 1, 5, 99]) {
        for (const meanwhile of meanwhiles) {
          let steps = 1;
          for (let step = 0; step < steps; step++) {
            steps = interrupted({ position, filled, action, meanwhile, step });
          }
          assert(steps >= 2);
        }
      }
    }
  });
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
  const words = inboxBlock(256, plan.position);
  const list = new RecordList();
  const written: number[] = [];
  let next = 1;
  const act = (inbox: Inbox, action: string) => {
    if (action === "-") inbox.drain(list, 1);
    else if (action === "*") inbox.drain(list, 999);
    else {
      const number = next++;
      const length = number % 25;
      if (inbox.write(number, new Uint8Array(length).fill(number), 0, length)) written.push(number);
    }
  };
  const other = new Inbox(words);
  for (let i = 0; i < plan.filled; i++) act(other, "+");
  const { recorder, inbox } = watched(words);
  recorder.before = (step) => {
    if (step === plan.step) { for (const action of plan.meanwhile) act(other, action); }
  };
  recorder.record(() => act(inbox, plan.action));
  act(other, "*");
  const numbers = list.records.map((record) => record.type);
  assertEquals(numbers.toSorted((a, b) => a - b), written.toSorted((a, b) => a - b));
  for (const { type, payload } of list.records) {
    assertEquals(payload, new Array(type % 25).fill(type & 255), JSON.stringify(plan));
  }
  assertEquals(other.size(), 0);
  assert(words.subarray(64).every((word) => word === 0), "what is free is clear");
  return recorder.steps;
}
