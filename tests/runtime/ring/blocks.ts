/**
 * Single blocks of shared memory for the unit tests, and names for their words.
 *
 * In: capacities and first positions. Out: the words that `createSharedState` would lay out, but
 * one structure at a time, so that a test can watch them or access them as two threads.
 */
import { Inbox } from "../../../runtime/ring/inbox.ts";
import {
  FLAGS_BYTES,
  INBOX_HEADER_BYTES,
  TASK_RING_HEADER_BYTES,
  TASK_SLOT_BYTES,
} from "../../../runtime/ring/layout.ts";
import { TASK_WORDS, TaskRing } from "../../../runtime/ring/task_ring.ts";

/** First positions of which the tests cross the wrap: none, int32's sign, uint32's end, and odd ones. */
export const POSITIONS: readonly (readonly [string, number])[] = [
  ["0", 0],
  ["just under 2^31", 0x7fff_fffb],
  ["just under 2^32", -5],
  ["the very end of 2^32", -1],
  ["an odd number", 12345],
];

/** A block for a task ring of `capacity` slots. */
export function taskRingBlock(capacity: number, position = 0): Int32Array<SharedArrayBuffer> {
  const words = block(TASK_RING_HEADER_BYTES + capacity * TASK_SLOT_BYTES);
  TaskRing.initialize(words, position);
  return words;
}

/** A block for an inbox of `capacity` bytes. */
export function inboxBlock(capacity: number, position = 0): Int32Array<SharedArrayBuffer> {
  const words = block(INBOX_HEADER_BYTES + capacity);
  Inbox.initialize(words, position);
  return words;
}

/** A block for flags. */
export function flagsBlock(): Int32Array<SharedArrayBuffer> {
  return block(FLAGS_BYTES);
}

/** A task whose words are all derived from `number`. */
export function taskOf(number: number): Int32Array {
  return Int32Array.from({ length: TASK_WORDS }, (_, i) => wordOf(number, i));
}

/** The number of a task, or -1 if its words do not match. */
export function numberOf(task: Int32Array): number {
  const number = task[0]!;
  return task.every((word, i) => word === wordOf(number, i)) ? number : -1;
}

/** Names of the words of a task ring's block. */
export function taskRingName(index: number): string {
  if (index < 64) return index === 0 ? "tail" : "head";
  return (index - 64) % 16 === 0 ? "sequence" : "task";
}

/** Names of the words of an inbox's block whose records are 16 bytes each. */
export function inboxName(index: number): string {
  if (index < 64) return index === 0 ? "tail" : "head";
  return (index - 64) % 2 === 0 ? "length" : "type";
}

/** Names of the words of the flags' block. */
export function flagsName(index: number): string {
  return index < 32 ? "draining" : index < 64 ? "parked" : "alive";
}

function wordOf(number: number, index: number): number {
  return (number + Math.imul(index, 0x9e37_79b1)) | 0;
}

function block(bytes: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(bytes));
}
