/** What a client gets that does not read, if the policy of the channel is to skip. */

import { assert, assertEquals } from "@std/assert";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { Stores } from "../../channels/stores.ts";
import { type BenchClient, ClientBench, type Reply, SLOW_BYTES } from "./client_bench.ts";

const SKIP = { ...OPEN, slowPolicy: "skip" } as const;
const LIVE = { ...SKIP, presence: false, historySize: 0, historyTime: 0 };
const NAMESPACES = { chat: OPEN, skip: SKIP, live: LIVE };

function start(stores?: Stores): ClientBench {
  const config = { namespaces: NAMESPACES };
  return new ClientBench(stores === undefined ? { config } : { config, stores });
}

/** Publishes numbers, with a turn of the loop after each. */
async function publish(
  bench: ClientBench,
  publisher: BenchClient,
  channel: string,
  ...all: unknown[]
) {
  for (const data of all) {
    await publisher.send({ publish: { channel, data } });
    bench.settle();
  }
}

function pushes(replies: readonly Reply[]): Reply[] {
  return replies.flatMap(({ push }) => push === undefined ? [] : [push]);
}

/** A client that is subscribed and has then not read so much that it is slow. */
async function slowClient(bench: ClientBench, ...subscriptions: object[]): Promise<BenchClient> {
  const client = await bench.client().connect();
  await client.send(...subscriptions.map((subscribe) => ({ subscribe })));
  client.take();
  client.link.isReading = false;
  client.link.queuedBytes = SLOW_BYTES + 1;
  return client;
}

Deno.test("slow policy skip: without a position, the newest message alone, when the client has read", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await slowClient(bench, { channel: "live:a" }, { channel: "live:b" });
  await publish(bench, publisher, "live:a", 1, 2, 3);
  await publish(bench, publisher, "live:b", 7);
  assertEquals(slow.take(), []);
  assert(bench.context.newest.bytes > 0);
  const read = pushes(await slow.read());
  // The offset tells what is missing.
  assertEquals(read.map(({ channel, pub }) => [channel, pub.data, pub.offset]), [
    ["live:a", 3, 3],
    ["live:b", 7, 1],
  ]);
  assertEquals(bench.context.newest.bytes, 0);
  slow.link.isReading = true;
  slow.link.queuedBytes = 0;
  await publish(bench, publisher, "live:a", 4);
  assertEquals(pushes(slow.take()).map(({ pub }) => pub.offset), [4]);
  assertEquals(slow.link.ended, undefined);
  assertEquals(bench.counters.get(CHANNEL_COLUMN.slowSkips), 4);
});

Deno.test("slow policy skip: a newer message that can be sent takes the place of the one that waits", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await slowClient(bench, { channel: "live:a" });
  await publish(bench, publisher, "live:a", 1);
  slow.link.queuedBytes = 0;
  await publish(bench, publisher, "live:a", 2);
  const all = [...pushes(slow.take()), ...pushes(await slow.read())];
  assertEquals(all.map(({ pub }) => pub.offset), [2]);
  assertEquals(bench.context.newest.bytes, 0);
});

Deno.test("slow policy skip: a client's commands are carried out, however busy its channel is", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await slowClient(bench, { channel: "live:a" });
  await publish(bench, publisher, "live:a", 1);
  slow.link.queuedBytes = 100;
  await publish(bench, publisher, "live:a", 2);
  // The newest message waits until nothing is queued, as the command does, which goes first.
  const waiting = await slow.send({ unsubscribe: { channel: "live:b" } });
  assertEquals([...waiting, ...slow.take()], []);
  const [reply, push] = await slow.read();
  assertEquals([reply.unsubscribe, push.push?.pub.offset], [{}, 2]);
});

Deno.test("slow policy skip: who counts offsets is told, and recovers", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const channel = "skip:a";
  await publish(bench, publisher, channel, 0);
  const slow = await slowClient(bench, { channel, recoverable: true });
  await publish(bench, publisher, channel, 1, 2);
  const { epoch } = (await publisher.send({ history: { channel } }))[0].history;
  assertEquals(slow.take(), [
    { push: { channel, unsubscribe: { code: 2500, reason: "insufficient state" } } },
  ]);
  // As `centrifuge` does: it subscribes again, from its last offset. That waits until it has read.
  const subscribe = { channel, recoverable: true, recover: true, offset: 1, epoch };
  assertEquals(await slow.send({ subscribe }), []);
  await publish(bench, publisher, channel, 3);
  const [{ subscribe: result }] = await slow.read();
  assertEquals([result.recovered, result.publications.length], [true, 3]);
  assertEquals(bench.counters.get(CHANNEL_COLUMN.slowRecoveries), 1);
  assertEquals(slow.link.ended, undefined);
});

Deno.test("slow policy skip: other channels of the connection close it, as by default", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await slowClient(bench, { channel: "live:a" }, { channel: "chat:a" });
  slow.link.isFull = true;
  await publish(bench, publisher, "live:a", 1);
  assertEquals(slow.link.ended, undefined);
  await publish(bench, publisher, "chat:a", 1);
  assertEquals(slow.link.ended?.code, 3008);
  assertEquals(bench.context.newest.bytes, 0, "what waited for it is gone");
});

Deno.test("slow policy skip: what waits is bounded; beyond that, clients are told instead", async () => {
  const bench = start(new Stores(16 * 1024 * 1024));
  const publisher = await bench.client().connect();
  const channels = Array.from({ length: 20 }, (_, i) => ({ channel: `live:${i}` }));
  const data = "x".repeat(30_000);
  const clients: BenchClient[] = [];
  for (let i = 0; i < 4; i++) clients.push(await slowClient(bench, ...channels));
  for (const { channel } of channels) await publish(bench, publisher, channel, data);
  assert(bench.context.newest.bytes <= SLOW_BYTES);
  for (const client of clients) {
    const told = pushes(client.take());
    assert(told.length > 0 && told.every(({ unsubscribe }) => unsubscribe.code === 2500));
    const newest = pushes(await client.read());
    const bytes = newest.reduce((sum, { pub }) => sum + pub.data.length, 0);
    assert(bytes <= SLOW_BYTES / 2, String(bytes));
    assertEquals(
      newest.length + told.length,
      channels.length,
      "each channel in one way or the other",
    );
    assertEquals(client.link.ended, undefined);
  }
  assertEquals(bench.context.newest.bytes, 0);
});

Deno.test("slow policy skip: leaving a channel, or the connection, frees what waits", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await slowClient(bench, { channel: "live:a" }, { channel: "live:b" });
  await publish(bench, publisher, "live:a", 1);
  const before = bench.context.newest.bytes;
  await publish(bench, publisher, "live:b", 1);
  slow.client.unsubscribe("live:b", { code: 2000, reason: "server unsubscribe" });
  assertEquals(bench.context.newest.bytes, before);
  slow.client.closed();
  assertEquals(bench.context.newest.bytes, 0);
});

Deno.test("slow policy skip: what a server has subscribed the client to, it recovers by another connection", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await bench.client().connect();
  const found = bench.context.rules.resolve("skip:a");
  if ("error" in found) throw new Error("no such channel");
  const grant = {
    info: undefined,
    data: undefined,
    override: { forceRecovery: true },
    expireAt: undefined,
    isServerSide: true,
  };
  slow.client.subscribeByServer(found.channel, {}, grant);
  slow.link.queuedBytes = SLOW_BYTES + 1;
  await publish(bench, publisher, "skip:a", 1);
  assertEquals(slow.link.ended?.code, 3010);
});

Deno.test("slow policy skip: what waits is sent a second later, if the client has read and nobody told so", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await slowClient(bench, { channel: "live:a" });
  await publish(bench, publisher, "live:a", 1, 2);
  bench.pass(1_200);
  assertEquals(slow.take(), [], "it has not read");
  slow.link.queuedBytes = 0;
  bench.pass(1_200);
  assertEquals(pushes(slow.take()).map(({ pub }) => pub.offset), [2]);
  assertEquals(bench.context.newest.bytes, 0);
});
