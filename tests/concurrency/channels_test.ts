/**
 * Channels with real threads: publishers at full speed, workers that read, one that is slow, and recoveries beside them. All see
 * one order, no publication is lost or torn, and what a slow worker receives and what it is told to have lost is all.
 */
import { assert, assertEquals } from "@std/assert";
import {
  adoptChannelMemory,
  createChannelMemory,
  heirOf,
  openChannelStore,
  storeIdentity,
} from "../../runtime/channels/mod.ts";
import { checkStore } from "../runtime/channels/check_store.ts";
import type { ChannelsResult, ChannelsRole, ChannelsSetting } from "./channels_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./channels_thread.ts", import.meta.url);

interface Plan {
  bytes: number;
  publishers: number;
  channels: number;
  publications: number;
  historySize: number;
  /** The roles of further threads. */
  others: readonly (ChannelsRole | "slow")[];
}

/** Runs the threads; the readers are the first workers, so that they have subscribed before much is published. */
async function run(plan: Plan, given?: SharedArrayBuffer) {
  const workers = plan.others.length + plan.publishers;
  const random = crypto.getRandomValues(new Uint32Array(7));
  const memory = given ?? createChannelMemory({ bytes: plan.bytes, workers, random });
  const control = new Int32Array(new SharedArrayBuffer(16));
  const roles = [...plan.others, ...new Array<"publish">(plan.publishers).fill("publish")];
  const settings = roles.map((role, writer): ChannelsSetting => ({
    ...plan,
    memory,
    control,
    role: role === "slow" ? "read" : role,
    readers: plan.others.filter((other) => other === "read" || other === "slow").length,
    slow: role === "slow",
    writer,
  }));
  const results = await runThreads<ChannelsSetting, ChannelsResult>(SCRIPT, settings);
  checkStore(new Int32Array(memory));
  const now = () => performance.timeOrigin + performance.now();
  const main = openChannelStore(memory, { writer: workers, now, ring: () => {} });
  return { main, memory, results };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

Deno.test("channels: two publishers and two readers, 600,000 publications, one order, none lost", async () => {
  const plan: Plan = {
    bytes: 112 * 2 ** 20,
    publishers: 2,
    channels: 7,
    publications: 300_000,
    // Everything is kept: a reader that is lapped on a busy machine finds what it missed.
    historySize: 1_000_000,
    others: ["read", "read"],
  };
  const { results } = await run(plan);
  const [one, two, ...publishers] = results;
  assertEquals(one!.offsets, two!.offsets);
  assertEquals(sum(one!.offsets), sum(publishers.map(({ count }) => count)));
  assertEquals(sum(one!.offsets), plan.publishers * plan.publications);
  for (const { torn, disordered } of results) assertEquals([torn, disordered], [0, 0]);
  for (const reader of [one!, two!]) {
    assertEquals(reader.count + reader.recovered + reader.unrecovered, sum(reader.offsets));
    assertEquals(reader.unrecovered, 0);
  }
  assertEquals(one!.digests, two!.digests, "the same publications in the same order");
});

Deno.test("channels: another process goes on where publishers and readers have stopped", async () => {
  const plan: Plan = {
    bytes: 2 ** 23,
    publishers: 2,
    channels: 5,
    publications: 10_000,
    historySize: 1_000_000,
    others: ["read"],
  };
  const before = await run(plan);
  assert(before.main.seal());
  const made = { bytes: plan.bytes, workers: 3 };
  const memory = createChannelMemory({
    ...made,
    ...heirOf(storeIdentity(before.memory), made)!,
  });
  adoptChannelMemory(memory, (bytes, offset) => {
    bytes.set(new Uint8Array(before.memory, offset, bytes.length));
  });
  const { results: [reader] } = await run(plan, memory);
  assertEquals(sum(before.results[0]!.offsets), plan.publishers * plan.publications);
  // The new reader begins where the old one has ended.
  assertEquals(sum(reader!.offsets), 2 * plan.publishers * plan.publications);
  assertEquals([reader!.torn, reader!.disordered, reader!.unrecovered], [0, 0, 0]);
  assertEquals(reader!.count + reader!.recovered, plan.publishers * plan.publications);
});

Deno.test("channels: slow readers receive or are told of exactly all, in a small store", async () => {
  const plan: Plan = {
    bytes: 2 ** 18,
    publishers: 3,
    channels: 3,
    publications: 200_000,
    historySize: 50,
    others: ["slow", "slow", "recover"],
  };
  const { results } = await run(plan);
  const [one, two] = results;
  for (const reader of [one!, two!]) {
    assertEquals([reader.torn, reader.disordered], [0, 0]);
    assertEquals(sum(reader.offsets), plan.publishers * plan.publications);
    assertEquals(reader.count + reader.recovered + reader.unrecovered, sum(reader.offsets));
    // How many depends on who had the cores.
    assert(reader.missed > 0 && reader.unrecovered > 0, `missed ${reader.missed}`);
    assert(reader.count > 0, `received ${reader.count}`);
  }
});

Deno.test("channels: recovery beside writers is whole or refused, never a part", async () => {
  const plan: Plan = {
    bytes: 2 ** 20,
    publishers: 2,
    channels: 2,
    publications: 300_000,
    historySize: 200,
    others: ["recover", "recover"],
  };
  const { results } = await run(plan);
  for (const { torn, disordered, recovered, refused, count } of results.slice(0, 2)) {
    assertEquals([torn, disordered], [0, 0]);
    assert(recovered > 100 && refused > 100, `${recovered} recovered, ${refused} refused`);
    assert(count > 1000);
  }
  const offsets = results.slice(2).map((publisher) => publisher.offsets);
  const last = [0, 1].map((channel) => Math.max(...offsets.map((each) => each[channel]!)));
  assertEquals(sum(last), plan.publishers * plan.publications, "no hole");
});

Deno.test("channels: a quiet channel keeps its history and publishes beside noisy ones", async () => {
  const plan: Plan = {
    bytes: 2 ** 20,
    publishers: 2,
    channels: 2,
    publications: 300_000,
    historySize: 1_000_000,
    others: ["quiet"],
  };
  const { main, results } = await run(plan);
  const { count, torn, disordered, unrecovered, refused } = results[0]!;
  assertEquals([torn, disordered, unrecovered, refused], [0, 0, 0, 0]);
  assert(count > 100, `${count} publications`);
  const { evicted, usedBytes, usableBytes } = main.figures();
  assert(evicted > 100_000 && usedBytes <= usableBytes, `${evicted} evicted`);
});

Deno.test("channels: a full store refuses publications of all threads, and keeps what it has", async () => {
  const plan: Plan = {
    bytes: 2 ** 21,
    publishers: 0,
    channels: 1,
    publications: 20_000,
    historySize: 10,
    others: ["fill", "fill", "fill"],
  };
  const { main, results } = await run(plan);
  for (const { count, recovered, torn, disordered } of results) {
    assertEquals([recovered, torn, disordered], [count, 0, 0]);
  }
  // Not of each: to a thread that always meets one which holds the lock and does not run, the store is busy.
  const refused = sum(results.map((result) => result.refused));
  assert(refused > 3000, `refused ${refused}`);
  assertEquals(main.figures().publications, sum(results.map(({ count }) => count)));
});

Deno.test("channels: members of four workers join and leave", async () => {
  const plan: Plan = {
    bytes: 16 * 2 ** 20,
    publishers: 0,
    channels: 3,
    publications: 50_000,
    historySize: 0,
    others: ["members", "members", "members", "members"],
  };
  const { main, results } = await run(plan);
  const present = sum(results.map(({ count }) => count));
  assertEquals(main.figures().members, present);
  assert(present > 10_000, `${present} members`);
  const name = new TextEncoder().encode("channel-1");
  const found: string[] = [];
  main.presence(name, 100_000, (client) => found.push(new TextDecoder().decode(client.slice())));
  assertEquals(found.length, sum(results.map(({ offsets }) => offsets[1]!)));
  assertEquals(new Set(found).size, found.length);
  assertEquals(main.presenceStats(name).users, new Set(found.map((one) => one.slice(-3))).size);
});
