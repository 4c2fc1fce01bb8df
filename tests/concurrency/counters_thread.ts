/** The thread of counters_test.ts: the writer or a reader of a block of counters. */
import { COLUMN, openSharedState } from "../../runtime/ring/mod.ts";
import { runPart, yieldCore } from "./part.ts";

/** The task of a thread. */
export interface CountersSetting {
  memory: SharedArrayBuffer;
  /** Word 0: how many readers have seen enough. */
  done: Int32Array;
  role: "writer" | "reader";
  /** The amount that the writer adds each time. */
  amount: number;
  readers: number;
  /** How many different values a reader must see. */
  values: number;
}

/** The result of a thread. */
export interface CountersResult {
  /** Additions of the writer. */
  additions: number;
  /** A reader's torn values, which are not a multiple of the amount. */
  torn: number;
  /** A reader's values that are below an earlier one. */
  backwards: number;
}

runPart((setting: CountersSetting) => setting.role === "writer" ? write(setting) : read(setting));

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
      yieldCore(++attempt);
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
