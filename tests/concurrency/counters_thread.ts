/** The writer of a block of counters, or a reader of it; see counters_test.ts. */
import { COLUMN, openSharedState } from "../../runtime/ring/mod.ts";
import { playPart, stepAside } from "./part.ts";

/** What a thread is to do. */
export interface CountersSetting {
  memory: SharedArrayBuffer;
  /** Word 0: how many readers have seen enough. */
  done: Int32Array;
  role: "writer" | "reader";
  /** What the writer adds each time. */
  amount: number;
  readers: number;
  /** Different values that a reader is to see. */
  values: number;
}

/** What it did or saw. */
export interface CountersResult {
  /** Additions of the writer. */
  additions: number;
  /** A reader's values that were no multiple of the amount: halves of two. */
  torn: number;
  /** A reader's values below an earlier one. */
  backwards: number;
}

playPart((setting: CountersSetting) => setting.role === "writer" ? write(setting) : read(setting));

function write({ memory, done, readers, amount }: CountersSetting): CountersResult {
  const counters = openSharedState(memory).counters(0);
  const result = { additions: 0, torn: 0, backwards: 0 };
  while (Atomics.load(done, 0) < readers) {
    for (let i = 0; i < 100; i++) counters.add(COLUMN.bytesSent, amount);
    result.additions += 100;
  }
  return result;
}

function read({ memory, done, amount, values }: CountersSetting): CountersResult {
  const counters = openSharedState(memory).counters(0);
  const result = { additions: 0, torn: 0, backwards: 0 };
  let last = 0;
  let attempt = 0;
  for (let seen = 0; seen < values;) {
    const value = counters.get(COLUMN.bytesSent);
    if (value === last) {
      stepAside(++attempt);
      continue;
    }
    attempt = 0;
    seen++;
    if (value % amount !== 0) result.torn++;
    if (value < last) result.backwards++;
    last = value;
  }
  Atomics.add(done, 0, 1);
  return result;
}
