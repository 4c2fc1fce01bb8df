/** Subscriptions with a filter of tags: what they get live and recover, and when they are refused. */

import { assertEquals } from "@std/assert";
import { OPEN } from "../../../support/channel_options.ts";
import { type BenchClient, ClientBench, type Reply } from "./client_bench.ts";

const FILTERED = { ...OPEN, allowTagsFilter: true, allowedDeltaTypes: ["fossil"] } as const;
const JOINS = { ...FILTERED, joinLeave: true, forcePushJoinLeave: true };
const NAMESPACES = { chat: OPEN, tags: FILTERED, joins: JOINS };
const ABOVE = { key: "price", cmp: "gt", val: "10" };
const BELOW = { op: "not", nodes: [ABOVE] };

function start(): ClientBench {
  return new ClientBench({ config: { namespaces: NAMESPACES } });
}

/** Publishes numbers with themselves as the tag `price`, and `none` without a tag. */
function publish(bench: ClientBench, channel: string, ...prices: readonly (number | "none")[]) {
  for (const price of prices) {
    const fields = price === "none" ? "" : `,"tags":{"price":"${price}","é":"\\""}`;
    bench.context.broker.publish(new TextEncoder().encode(channel), {
      data: new TextEncoder().encode(JSON.stringify(price)),
      fields: new TextEncoder().encode(fields),
      historySize: 100,
      historyTtlMs: 60_000,
    });
  }
  bench.settle();
}

async function subscriber(
  bench: ClientBench,
  subscribe: object,
): Promise<{ client: BenchClient; reply: Reply }> {
  const client = await bench.client().connect();
  const [reply] = await client.send({ subscribe });
  return { client, reply };
}

function dataOf(client: BenchClient): unknown[] {
  return client.take().flatMap(({ push }) => push?.pub === undefined ? [] : [push.pub.data]);
}

Deno.test("tags filter: each subscriber gets what matches its own, in one order", async () => {
  const bench = start();
  const channel = "tags:a";
  const all = await subscriber(bench, { channel });
  const above = await subscriber(bench, { channel, tf: ABOVE });
  const same = await subscriber(bench, { channel, tf: ABOVE, flag: 1 });
  const below = await subscriber(bench, { channel, tf: BELOW });
  publish(bench, channel, 1, 20, "none", 10, 11);
  publish(bench, channel, 2, 30);
  assertEquals(dataOf(all.client), [1, 20, "none", 10, 11, 2, 30]);
  assertEquals(dataOf(above.client), [20, 11, 30]);
  assertEquals(dataOf(same.client), [20, 11, 30]);
  assertEquals(dataOf(below.client), [1, "none", 10, 2]);
});

Deno.test("tags filter: joins and leaves come through", async () => {
  const bench = start();
  const channel = "joins:a";
  const { client } = await subscriber(bench, { channel, tf: ABOVE });
  const guest = await subscriber(bench, { channel });
  bench.settle();
  publish(bench, channel, 1, 20);
  await guest.client.send({ unsubscribe: { channel } });
  bench.settle();
  const pushes = client.take().map(({ push }) => push.pub?.data ?? Object.keys(push)[1]);
  assertEquals(pushes.slice(-3), ["join", 20, "leave"]);
});

Deno.test("tags filter: recoveries are filtered, and whole nevertheless", async () => {
  const bench = start();
  const channel = "tags:a";
  const { reply } = await subscriber(bench, { channel, recoverable: true });
  publish(bench, channel, 1, 20, "none", 11, 2);
  const { epoch } = reply.subscribe;
  const again = await subscriber(bench, {
    channel,
    tf: ABOVE,
    recoverable: true,
    recover: true,
    offset: 0,
    epoch,
  });
  const { recovered, publications } = again.reply.subscribe;
  assertEquals(recovered, true);
  assertEquals(publications.map(({ data, offset }: Reply) => [offset, data]), [[2, 20], [4, 11]]);
  publish(bench, channel, 3, 40);
  assertEquals(dataOf(again.client), [40]);
});

Deno.test("tags filter: refused if not allowed, not well-formed, or with deltas", async () => {
  const bench = start();
  const nested = (depth: number): object =>
    depth === 1 ? ABOVE : { op: "not", nodes: [nested(depth - 1)] };
  for (
    const subscribe of [
      { channel: "chat:a", tf: ABOVE },
      { channel: "tags:a", tf: {} },
      { channel: "tags:a", tf: { ...ABOVE, cmp: "like" } },
      { channel: "tags:a", tf: nested(9) },
      { channel: "tags:a", tf: ABOVE, delta: "fossil" },
    ]
  ) {
    const { client, reply } = await subscriber(bench, subscribe);
    assertEquals(reply.error?.code, 107, JSON.stringify(subscribe));
    assertEquals(client.link.ended, undefined);
  }
  const { client } = await subscriber(bench, { channel: "tags:a", tf: { ...ABOVE, key: 1 } });
  assertEquals(client.link.ended?.code, 3501);
});

Deno.test("tags filter: many different ones share a channel", async () => {
  const bench = start();
  const channel = "tags:a";
  const all: { client: BenchClient; i: number }[] = [];
  // More than are kept to be shared.
  for (let i = 0; i < 300; i++) {
    const tf = { key: "price", cmp: "eq", val: String(i) };
    all.push({ client: (await subscriber(bench, { channel, tf })).client, i });
  }
  publish(bench, channel, 7, 299, 7);
  for (const { client, i } of all) {
    assertEquals(dataOf(client), [7, 299, 7].filter((price) => price === i));
  }
});
