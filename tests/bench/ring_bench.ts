/**
 * What the shared memory structures cost on one thread, without anyone in the way.
 *
 * Run: `deno bench -A tests/bench/ring_bench.ts`. Each row does 1,000 operations, so a row's
 * microseconds are an operation's nanoseconds. The copy rows are what SHORT_COPY of
 * runtime/ring/inbox.ts is chosen by.
 */
import {
  COLUMN,
  createSharedState,
  type InboxSink,
  openSharedState,
  TASK_WORDS,
} from "../../runtime/ring/mod.ts";

const TIMES = 1000;
const state = openSharedState(createSharedState({ workers: 32 }));
const inbox = state.inbox(0);
const counters = state.counters(0);
const task = new Int32Array(TASK_WORDS).fill(7);
const payload = new Uint8Array(32 * 1024 - 8);
let drained = 0;
const sink: InboxSink = { record: (_type, _bytes, start, end) => void (drained += end - start) };

Deno.bench("task ring: push and pop", { group: "ring" }, () => {
  for (let i = 0; i < TIMES; i++) {
    state.taskRing.push(task);
    state.taskRing.pop(task);
  }
});

Deno.bench("task ring: pop of an empty ring", { group: "ring" }, () => {
  for (let i = 0; i < TIMES; i++) state.taskRing.pop(task);
});

Deno.bench("flags: takeParked, nobody parked", { group: "flags" }, () => {
  for (let i = 0; i < TIMES; i++) state.flags.takeParked(i & 31);
});

Deno.bench("flags: park and takeParked", { group: "flags" }, () => {
  for (let i = 0; i < TIMES; i++) {
    state.flags.park(i & 31);
    state.flags.takeParked(i & 31);
  }
});

Deno.bench("counters: add", { group: "counters" }, () => {
  for (let i = 0; i < TIMES; i++) counters.add(COLUMN.requests, 1);
});

Deno.bench("descriptors: claim and release", { group: "descriptors" }, () => {
  for (let i = 0; i < TIMES; i++) {
    state.descriptors.claim(i, 1);
    state.descriptors.release(i);
  }
});

for (const length of [16, 48, 49, 256, 1024, 16 * 1024]) {
  Deno.bench(`inbox: write and drain ${length} bytes`, { group: "inbox" }, () => {
    for (let i = 0; i < TIMES; i++) {
      inbox.write(1, payload, 0, length);
      inbox.drain(sink, 1);
    }
  });
}

const shared = new Uint8Array(new SharedArrayBuffer(32 * 1024));
for (const length of [16, 32, 48, 64, 128]) {
  Deno.bench(`copy ${length} bytes by a loop`, { group: "copy" }, () => {
    for (let i = 0; i < TIMES; i++) {
      for (let at = 0; at < length; at++) shared[at] = payload[at]!;
    }
  });
  Deno.bench(`copy ${length} bytes by set`, { group: "copy" }, () => {
    for (let i = 0; i < TIMES; i++) shared.set(payload.subarray(0, length), 0);
  });
}
