/** Limits of a namespace: whose budget it is, what a refusal costs, and that nobody else notices. */

import { assertEquals } from "@std/assert";
import type { RateLimitConfig } from "../../../../runtime/config/mod.ts";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import type { ClientHooks } from "../../../../runtime/serve/centrifuge/client_hooks.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { Stores } from "../../channels/stores.ts";
import { type BenchClient, ClientBench, type Reply } from "./client_bench.ts";

const TWO: RateLimitConfig = { count: 2, time: 1000 };
const LIMITED = {
  ...OPEN,
  rateLimits: {
    publish_limit_per_user: TWO,
    history_limit_per_user: TWO,
    presence_limit_per_user: TWO,
  },
};
const SMALL = { ...OPEN, rateLimits: { publish_limit_per_channel: { count: 3, time: 1000 } } };
const NAMESPACES = { chat: LIMITED, more: LIMITED, small: SMALL, free: OPEN };

const verifier = {
  connection: (user: string) =>
    Promise.resolve({
      user,
      expireAt: undefined,
      info: undefined,
      meta: undefined,
      subscriptions: new Map(),
      capabilities: [],
    }),
  subscription: () => Promise.resolve({ fault: "invalid" as const, reason: "" }),
};

function benchOn(stores: Stores, worker: number): ClientBench {
  return new ClientBench({ config: { namespaces: NAMESPACES }, verifier, stores, worker });
}

async function userOn(bench: ClientBench, token: string): Promise<BenchClient> {
  const client = bench.client();
  await client.send({ connect: { token } });
  return client;
}

function codes(replies: readonly Reply[]): (number | "ok")[] {
  return replies.map(({ error }) => error?.code ?? "ok");
}

function times(count: number, command: Record<string, unknown>): Record<string, unknown>[] {
  return Array(count).fill(command);
}

Deno.test("rate limiter: a user has one budget in a namespace, on all workers and in all channels", async () => {
  const stores = new Stores(256 * 1024);
  const [bench, other] = [benchOn(stores, 0), benchOn(stores, 1)];
  const [here, there] = [await userOn(bench, "ann"), await userOn(other, "ann")];
  const bob = await userOn(other, "bob");
  const to = (channel: string) => ({ publish: { channel, data: 1 } });
  assertEquals(codes(await here.send(to("chat:a"))), ["ok"]);
  assertEquals(codes(await there.send(to("chat:b"), to("chat:b"))), ["ok", 111]);
  assertEquals(codes(await here.send(to("chat:c"), to("more:a"))), [111, "ok"]);
  assertEquals(codes(await bob.send(to("chat:a"))), ["ok"]);
  const [reply] = await here.send(to("chat:a"));
  assertEquals(reply.error, { code: 111, message: "too many requests", temporary: true });
  stores.now += 501;
  assertEquals(codes(await here.send(to("chat:a"), to("chat:a"))), ["ok", 111]);
  const counted = bench.counters.get(CHANNEL_COLUMN.limitPublishPerUser) +
    other.counters.get(CHANNEL_COLUMN.limitPublishPerUser);
  assertEquals(counted, 4);
});

Deno.test("rate limiter: histories and presence have budgets of their own", async () => {
  const bench = benchOn(new Stores(256 * 1024), 0);
  const ann = await userOn(bench, "ann");
  const channel = "chat:a";
  const expected = ["ok", "ok", 111];
  assertEquals(codes(await ann.send(...times(3, { history: { channel } }))), expected);
  const presence = [{ presence: { channel } }, { presence_stats: { channel } }];
  assertEquals(codes(await ann.send(...presence, ...presence.slice(1))), expected);
  assertEquals(codes(await ann.send(...times(3, { publish: { channel, data: 1 } }))), expected);
  const { limitHistoryPerUser, limitPresencePerUser } = CHANNEL_COLUMN;
  const counts = [limitHistoryPerUser, limitPresencePerUser].map((one) => bench.counters.get(one));
  assertEquals(counts, [1, 1]);
});

Deno.test("rate limiter: without a user each connection has a budget, and takes no memory of the others", async () => {
  const stores = new Stores(256 * 1024);
  const bench = benchOn(stores, 0);
  const publish = times(3, { publish: { channel: "chat:a", data: 1 } });
  const history = { history: { channel: "chat:empty" } };
  const clients = [await userOn(bench, ""), await userOn(bench, ""), await userOn(bench, "")];
  const before = stores.main.figures().usedBytes;
  for (const client of clients) {
    assertEquals(codes(await client.send(...times(3, history))), ["ok", "ok", 111]);
  }
  assertEquals(stores.main.figures().usedBytes, before);
  const client = await userOn(bench, "");
  assertEquals(codes(await client.send(...publish)), ["ok", "ok", 111]);
  bench.pass(501);
  assertEquals(codes(await client.send(...publish)), ["ok", 111, 111]);
});

Deno.test("rate limiter: a channel has one budget for all clients; a backend has none", async () => {
  const stores = new Stores(256 * 1024);
  const [bench, other] = [benchOn(stores, 0), benchOn(stores, 1)];
  const [ann, bob] = [await userOn(bench, "ann"), await userOn(other, "")];
  const publish = { publish: { channel: "small:a", data: 1 } };
  assertEquals(codes(await ann.send(publish, publish)), ["ok", "ok"]);
  assertEquals(codes(await bob.send(publish, publish)), ["ok", 111]);
  assertEquals(codes(await ann.send({ publish: { channel: "small:b", data: 1 } })), ["ok"]);
  assertEquals(other.counters.get(CHANNEL_COLUMN.limitPublishPerChannel), 1);
});

Deno.test("rate limiter: what may not be done costs nothing, and other namespaces have no limit", async () => {
  const bench = benchOn(new Stores(256 * 1024), 0);
  const ann = await userOn(bench, "ann");
  const closed = { publish: { channel: "chat:#bob", data: 1 } };
  const unknown = { publish: { channel: "none:a", data: 1 } };
  const free = { publish: { channel: "free:a", data: 1 } };
  const mine = { publish: { channel: "chat:a", data: 1 } };
  assertEquals(codes(await ann.send(unknown, unknown, unknown)), [102, 102, 102]);
  assertEquals(codes(await ann.send(...times(20, free))), Array(20).fill("ok"));
  assertEquals(codes(await ann.send(mine, mine, mine)), ["ok", "ok", 111]);
  assertEquals(codes(await ann.send(closed)), [111], "a name with # is one of the namespace");
});

Deno.test("rate limiter: a function of the app is not asked about what is too much", async () => {
  const asked: string[] = [];
  const hooks: Partial<ClientHooks> = {
    publish: ({ channel }) => {
      asked.push(channel);
      return channel === "chat:free" ? { data: undefined, skipHistory: false } : undefined;
    },
  };
  const stores = new Stores(256 * 1024);
  const bench = new ClientBench({
    config: { namespaces: NAMESPACES },
    verifier,
    stores,
    hooks: hooks as ClientHooks,
  });
  const ann = await userOn(bench, "ann");
  const publish = (channel: string) => ({ publish: { channel, data: 1 } });
  const replies = await ann.send(publish("chat:a"), publish("chat:free"), publish("chat:a"));
  assertEquals([codes(replies), asked], [["ok", "ok", 111], ["chat:a", "chat:free"]]);
});

Deno.test("rate limiter: no room for one more budget is a temporary error", async () => {
  const stores = new Stores(128 * 1024);
  const bench = benchOn(stores, 0);
  const budgets = Array.from({ length: 2000 }, (_, i) => {
    return { key: new TextEncoder().encode(`other ${i}`), count: 1, time: 60_000 };
  });
  for (const one of budgets) stores.main.takeTokens([one]);
  const ann = await userOn(bench, "ann");
  const [reply] = await ann.send({ publish: { channel: "chat:a", data: 1 } });
  assertEquals(reply.error, { code: 100, message: "internal server error", temporary: true });
});
