/**
 * Benchmarks of the store of channels: publish on one thread, and with two and four that publish all the time; reading the
 * feed; recovery of 100 publications; presence.
 *
 * Run: `deno run -A tests/bench/micro.ts channels`: a name ends with the number of operations. On a machine with fewer cores than
 * threads, the rows of several threads include the time that they wait for a core. The copy rows determine
 * SHORT_COPY_WORDS of runtime/channels/record_buffer.ts; the rows of several threads, SPINS of lock.ts.
 */
import {
  type ChannelStore,
  createChannelMemory,
  type Entry,
  openChannelStore,
} from "../../runtime/channels/mod.ts";
import { type ChannelContenderSetting, channelName, PUBLICATION } from "./channels_contender.ts";
import { awaitRest, letContend } from "./ring_control.ts";

const TIMES = 1000;
const TOGETHER = 100_000;
const MOST = 4;
const OPTIONS = {
  bytes: 64 * 2 ** 20,
  workers: MOST,
  random: new Uint32Array([1, 2, 3, 4, 5, 6, 7]),
};
const now = () => 1000;
const ring = () => {};
const encoder = new TextEncoder();
const name = channelName(0);

function openStore(): ChannelStore {
  return openChannelStore(createChannelMemory(OPTIONS), { writer: 0, now, ring });
}

const alone = openStore();
const { epoch } = alone.subscribe(name);
const feed = alone.openFeed();
let received = 0;
const sink = {
  wants: (found: number) => found === epoch,
  missed: () => {},
  entry: (entry: Entry) => void (received += entry.dataEnd - entry.dataStart),
};

Deno.bench("channels: publish 64 bytes, × 1000", { group: "channels publish" }, () => {
  for (let i = 0; i < TIMES; i++) alone.publish(name, PUBLICATION);
});

const kib = { ...PUBLICATION, data: encoder.encode("k".repeat(1024)), historySize: 100 };
Deno.bench("channels: publish 1 KiB, × 1000", { group: "channels publish" }, () => {
  for (let i = 0; i < TIMES; i++) alone.publish(name, kib);
});

const unheard = encoder.encode("nobody:listens");
const live = { ...PUBLICATION, historySize: 0 };
Deno.bench("channels: publish to nobody, × 1000", { group: "channels publish" }, () => {
  for (let i = 0; i < TIMES; i++) alone.publish(unheard, live);
});

Deno.bench("channels: publish, then read the feed, × 1000", { group: "channels publish" }, () => {
  for (let i = 0; i < TIMES; i++) alone.publish(name, PUBLICATION);
  while (!feed.poll(sink, 10_000));
});

// A row for each number of threads; all publish to one channel, or each to its own.
for (const threads of [1, 2, 4]) {
  for (const channels of [1, MOST]) {
    const memory = createChannelMemory(OPTIONS);
    const control = new Int32Array(new SharedArrayBuffer(64));
    openChannelStore(memory, { writer: 0, now, ring }).subscribe(name);
    for (let writer = 0; writer < threads; writer++) {
      await startContender({ memory, control, writer, channel: writer % channels });
    }
    const where = channels === 1 ? "one channel" : "a channel each";
    Deno.bench(`channels: publish by ${threads} threads, ${where}, × ${TOGETHER}`, {
      group: "channels threads",
    }, () => {
      letContend(control, threads, TOGETHER);
      awaitRest(control);
    });
  }
}

async function startContender(setting: ChannelContenderSetting): Promise<void> {
  const module = new URL("./channels_contender.ts", import.meta.url);
  const worker = new Worker(module, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(setting);
}

const kept = openStore();
const last = 10_000;
for (let i = 0; i < last; i++) kept.publish(name, { ...PUBLICATION, historySize: last });
const bounds = { limit: last, maxBytes: 2 ** 24 };
for (const count of [1, 100, 5000]) {
  Deno.bench(`channels: recover ${count} of 64 bytes`, { group: "channels recover" }, () => {
    kept.recover(name, { offset: last - count }, bounds, sink);
  });
}

const member = { user: encoder.encode("user"), info: new Uint8Array(60), announce: false };
const clients = Array.from({ length: TIMES }, (_, i) => encoder.encode(`client-${i}`));
Deno.bench("channels: join and leave, × 1000", { group: "channels presence" }, () => {
  for (const client of clients) kept.join(name, { ...member, client });
  for (const client of clients) kept.leave(name, client);
});

const source = new Int32Array(new SharedArrayBuffer(4096));
const target = new Int32Array(1024);
for (const words of [16, 32, 48, 64, 128]) {
  Deno.bench(`channels: copy ${words} words by a loop, × 1000`, { group: "channels copy" }, () => {
    for (let i = 0; i < TIMES; i++) {
      for (let at = 0; at < words; at++) target[at] = source[at]!;
    }
  });
  Deno.bench(`channels: copy ${words} words by set, × 1000`, { group: "channels copy" }, () => {
    for (let i = 0; i < TIMES; i++) target.set(source.subarray(0, words), 0);
  });
}
