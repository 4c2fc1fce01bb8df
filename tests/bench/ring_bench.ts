/**
 * Benchmarks of the shared memory structures: on one thread without contention, and the task ring with
 * four threads that push and pop all the time.
 *
 * Run: `deno bench -A tests/bench/ring_bench.ts`, or micro.ts for times per operation: a name ends with the
 * number of operations. On a machine with fewer cores than threads, the contended rows include the time
 * that threads wait for a core. The copy rows determine SHORT_COPY of runtime/ring/inbox.ts.
 */
import {
  COLUMN,
  createSharedState,
  type InboxSink,
  openSharedState,
  TASK_WORDS,
} from "../../runtime/ring/mod.ts";
import { awaitRest, type ContenderSetting, letContend, stopContending } from "./ring_control.ts";

const TIMES = 1000;
const state = openSharedState(createSharedState({ workers: 32 }));
const inbox = state.inbox(0);
const counters = state.counters(0);
const task = new Int32Array(TASK_WORDS).fill(7);
const payload = new Uint8Array(32 * 1024 - 8);
let drained = 0;
const sink: InboxSink = { record: (_type, _bytes, start, end) => void (drained += end - start) };

Deno.bench("task ring: push and pop, × 1000", { group: "ring" }, () => {
  for (let i = 0; i < TIMES; i++) {
    state.taskRing.push(task);
    state.taskRing.pop(task);
  }
});

Deno.bench("task ring: pop of an empty ring, × 1000", { group: "ring" }, () => {
  for (let i = 0; i < TIMES; i++) state.taskRing.pop(task);
});

const CONTENDERS = 4;
const OPERATIONS_TOGETHER = 100_000;
/** More operations than the contenders do before they are stopped. */
const ENDLESS = 1 << 30;
// A separate ring, so that tasks left in it do not disturb other rows.
const contended = openSharedState(createSharedState({ workers: CONTENDERS }));
const control = new Int32Array(new SharedArrayBuffer(64));
for (let i = 0; i < CONTENDERS; i++) await startContender({ memory: contended.memory, control });

async function startContender(setting: ContenderSetting): Promise<void> {
  const module = new URL("./ring_contender.ts", import.meta.url);
  const worker = new Worker(module, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(setting);
}

Deno.bench(
  "task ring: push and pop beside 4 workers that do, × 1000",
  { group: "ring" },
  (bench) => {
    letContend(control, CONTENDERS, ENDLESS);
    bench.start();
    for (let i = 0; i < TIMES; i++) {
      contended.taskRing.push(task);
      contended.taskRing.pop(task);
    }
    bench.end();
    stopContending(control);
  },
);

Deno.bench(`task ring: push and pop by 4 workers together, × ${OPERATIONS_TOGETHER}`, {
  group: "ring",
}, () => {
  letContend(control, CONTENDERS, OPERATIONS_TOGETHER);
  awaitRest(control);
});

Deno.bench("flags: takeParked, no worker parked, × 1000", { group: "flags" }, () => {
  for (let i = 0; i < TIMES; i++) state.flags.takeParked(i & 31);
});

Deno.bench("flags: park and takeParked, × 1000", { group: "flags" }, () => {
  for (let i = 0; i < TIMES; i++) {
    state.flags.park(i & 31);
    state.flags.takeParked(i & 31);
  }
});

Deno.bench("counters: add, × 1000", { group: "counters" }, () => {
  for (let i = 0; i < TIMES; i++) counters.add(COLUMN.requests, 1);
});

Deno.bench("descriptors: claim and release, × 1000", { group: "descriptors" }, () => {
  for (let i = 0; i < TIMES; i++) {
    state.descriptors.claim(i, 1);
    state.descriptors.release(i);
  }
});

for (const length of [16, 48, 49, 256, 1024, 16 * 1024]) {
  Deno.bench(`inbox: write and drain ${length} bytes, × 1000`, { group: "inbox" }, () => {
    for (let i = 0; i < TIMES; i++) {
      inbox.write(1, payload, 0, length);
      inbox.drain(sink, 1);
    }
  });
}

const shared = new Uint8Array(new SharedArrayBuffer(32 * 1024));
for (const length of [16, 32, 48, 64, 128]) {
  Deno.bench(`copy ${length} bytes by a loop, × 1000`, { group: "copy" }, () => {
    for (let i = 0; i < TIMES; i++) {
      for (let at = 0; at < length; at++) shared[at] = payload[at]!;
    }
  });
  Deno.bench(`copy ${length} bytes by set, × 1000`, { group: "copy" }, () => {
    for (let i = 0; i < TIMES; i++) shared.set(payload.subarray(0, length), 0);
  });
}
