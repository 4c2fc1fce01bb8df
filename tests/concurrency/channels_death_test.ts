/**
 * Workers that are terminated in the middle of a publication, while they hold the lock, beside others that publish and read at
 * full speed: the others go on after the main thread has removed the dead one, in one order without a hole.
 */
import { assert, assertEquals } from "@std/assert";
import { createChannelMemory, openChannelStore } from "../../runtime/channels/mod.ts";
import { checkStore } from "../runtime/channels/check_store.ts";
import type { ChannelsResult, ChannelsSetting } from "./channels_thread.ts";
import type { VictimSetting } from "./channels_victim_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./channels_thread.ts", import.meta.url);
const VICTIM = new URL("./channels_victim_thread.ts", import.meta.url);
const WORKERS = 4;
/** Accesses before which a victim stops: from the first under the lock to the last of a publication. */
const STEPS = [3, 20, 60, 110, 160, 220, 300];

Deno.test("channels: workers die in the middle of publications, and the others go on", async () => {
  const random = crypto.getRandomValues(new Uint32Array(7));
  const memory = createChannelMemory({ bytes: 2 ** 22, workers: WORKERS, random });
  const control = new Int32Array(new SharedArrayBuffer(16));
  const now = () => performance.timeOrigin + performance.now();
  const main = openChannelStore(memory, { writer: WORKERS, now, ring: () => {} });
  const setting = { memory, control, publishers: 2, readers: 1, channels: 1, historySize: 20 };
  const endless = { ...setting, publications: Infinity, slow: false };
  const settings: ChannelsSetting[] = [
    { ...endless, role: "publish", writer: 1 },
    { ...endless, role: "publish", writer: 2 },
    { ...endless, role: "read", writer: 3 },
  ];
  const running = runThreads<ChannelsSetting, ChannelsResult>(SCRIPT, settings);
  let results: ChannelsResult[] = [];
  try {
    await until(() => main.figures().publications > 0);
    // On a busy machine most victims stop while they wait for the lock.
    for (let round = 0; round === 0 || (round < 5 && main.figures().rolledBack === 0); round++) {
      for (const step of STEPS) await killOne(main, { memory, writer: 0, step });
    }
  } finally {
    Atomics.store(control, 2, 1);
    results = await running;
  }
  checkStore(new Int32Array(memory));
  const [one, two, reader] = results;
  assert(main.figures().rolledBack > 0, "some held the lock");
  assertEquals(results.map(({ disordered }) => disordered), [0, 0, 0]);
  const published = one!.count + two!.count;
  const offset = reader!.offsets[0]!;
  assert(published > 1000, `${published} publications`);
  // A victim's publications are stored up to the one in which it died.
  assert(offset >= published, `${offset} of ${published}`);
  assertEquals(reader!.count + reader!.recovered + reader!.unrecovered, offset);
});

type MainStore = ReturnType<typeof openChannelStore>;

/** Starts a victim, waits until it has stopped, terminates it, and removes it. */
async function killOne(main: MainStore, setting: Omit<VictimSetting, "stop">): Promise<void> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const victim = new Worker(VICTIM, { type: "module" });
  try {
    victim.postMessage({ ...setting, stop });
    await until(() => Atomics.load(stop, 0) === 1);
  } finally {
    victim.terminate();
  }
  const removal = main.removeWorker(setting.writer);
  while (!removal.step());
  // The others publish again.
  const publication = { data: new Uint8Array(1), historySize: 20, historyTtlMs: 600_000 };
  const name = new TextEncoder().encode("channel-0");
  await until(() => main.publish(name, publication).status === "stored");
  Atomics.store(stop, 0, 2);
  Atomics.notify(stop, 0);
}

/** Waits for a condition that another thread brings about. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    assert(performance.now() < deadline, "the condition did not come about");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
