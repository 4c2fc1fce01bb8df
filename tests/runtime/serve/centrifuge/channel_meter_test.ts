/** What clients do is counted, on the columns that metrics read. */

import { assertEquals } from "@std/assert";
import {
  CHANNEL_COLUMN,
  CLIENT_ERROR_COLUMNS,
  type Column,
  DISCONNECT_COLUMNS,
} from "../../../../runtime/ring/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { ClientBench } from "./client_bench.ts";

function valuesOf(bench: ClientBench, columns: Readonly<Record<string, Column>>) {
  const read = Object.entries(columns).map(([name, column]) => [name, bench.counters.get(column)]);
  return Object.fromEntries(read.filter(([_, value]) => value !== 0));
}

Deno.test("channel meter: a client, its subscription, its publication and the deliveries", async () => {
  const bench = new ClientBench();
  const [one, two] = [await bench.client().connect(), await bench.client().connect()];
  const channel = "chat:a";
  for (const client of [one, two]) await client.send({ subscribe: { channel } });
  await one.send({ publish: { channel, data: 1 } }, { publish: { channel, data: 2 } });
  bench.settle();
  const pushes = two.take().length;
  assertEquals(pushes, 2);
  const { deliveredBytes, ...counts } = valuesOf(bench, CHANNEL_COLUMN);
  assertEquals(counts, {
    webSocketClientsConnected: 2,
    usersConnected: 1,
    subscriptionsStarted: 2,
    membersEntered: 2,
    publicationsByClients: 2,
    deliveries: 4,
    deliveredMessages: 2,
  });
  const text = '{"push":{"channel":"chat:a","pub":{"data":1,"offset":1}}}';
  assertEquals(deliveredBytes! > 4 * text.length, true);
  for (const client of [one, two]) {
    bench.directory.remove(client.client);
    client.client.closed();
  }
  const { webSocketClientsLeft, usersLeft, subscriptionsEnded, membersLeft } = valuesOf(
    bench,
    CHANNEL_COLUMN,
  );
  const left = [webSocketClientsLeft, usersLeft, subscriptionsEnded, membersLeft];
  assertEquals(left, [2, 1, 2, 2]);
});

Deno.test("channel meter: recoveries, whole or refused", async () => {
  const bench = new ClientBench();
  const client = await bench.client().connect();
  const channel = "chat:a";
  for (let i = 0; i < 3; i++) await client.send({ publish: { channel, data: i } });
  const position = { channel, recoverable: true, recover: true };
  await client.send({ subscribe: { ...position, offset: 1 } }, { unsubscribe: { channel } });
  await client.send({ subscribe: { ...position, offset: 1, epoch: "another" } });
  const { recoveriesWhole, recoveriesRefused, recoveredPublications } = valuesOf(
    bench,
    CHANNEL_COLUMN,
  );
  assertEquals([recoveriesWhole, recoveriesRefused, recoveredPublications], [1, 1, 2]);
});

Deno.test("channel meter: recoveries that were longer than their bounds", async () => {
  const bench = new ClientBench({ limits: { historyPublications: 3, historyBytes: 400 } });
  const client = await bench.client().connect();
  const channel = "chat:a";
  const recovered = async (offset: number) => {
    const subscribe = { channel, recoverable: true, recover: true, offset };
    const [reply] = await client.send({ subscribe }, { unsubscribe: { channel } });
    return reply.subscribe.recovered ?? false;
  };
  for (let i = 0; i < 5; i++) await client.send({ publish: { channel, data: i } });
  assertEquals(await recovered(2), true);
  assertEquals(await recovered(1), false);
  await client.send({ publish: { channel, data: "x".repeat(500) } });
  assertEquals(await recovered(5), false);
  const { recoveriesRefused, limitRecovery, limitRecoverySize } = valuesOf(bench, CHANNEL_COLUMN);
  assertEquals([recoveriesRefused, limitRecovery, limitRecoverySize], [2, 1, 1]);
});

Deno.test("channel meter: each limit, error and close code", async () => {
  const limits = {
    channelsPerConnection: 1,
    publicationBytes: 10,
    nameBytes: 20,
    presenceClients: 0,
  };
  const bench = new ClientBench({ limits, config: { namespaces: { chat: OPEN } } });
  const client = await bench.client().connect();
  await client.send(
    { subscribe: { channel: "chat:a" } },
    { subscribe: { channel: "chat:b" } },
    { publish: { channel: "chat:a", data: "x".repeat(20) } },
    { subscribe: { channel: `chat:${"x".repeat(20)}` } },
    { presence: { channel: "chat:a" } },
    { publish: { channel: "unknown:a", data: 1 } },
    { rpc: { method: "x" } },
  );
  assertEquals(valuesOf(bench, CLIENT_ERROR_COLUMNS), { 102: 1, 106: 2, 107: 2, 108: 1 });
  client.client.disconnect({ code: 3503, reason: "" });
  const another = await bench.client().connect();
  another.client.disconnect({ code: 4321, reason: "of a backend" });
  bench.client(); // sends nothing
  bench.pass(11_000);
  assertEquals(valuesOf(bench, DISCONNECT_COLUMNS), { 3502: 1, 3503: 1, other: 1 });
  const slow = await bench.client().connect();
  slow.link.isFull = true;
  await slow.send({ publish: { channel: "chat:a", data: 1 } });
  const limitCounts = Object.entries(valuesOf(bench, CHANNEL_COLUMN))
    .filter(([name]) => name.startsWith("limit"));
  assertEquals(Object.fromEntries(limitCounts), {
    limitChannels: 1,
    limitName: 1,
    limitPublication: 1,
    limitPresence: 1,
    limitConnectTime: 1,
    limitQueued: 1,
  });
});

Deno.test("channel meter: commands above the rate, and connections of a user", async () => {
  const claims = {
    user: "u",
    expireAt: undefined,
    info: undefined,
    meta: undefined,
    subscriptions: new Map(),
    capabilities: [],
  };
  const verifier = {
    connection: (token: string) =>
      Promise.resolve(token === "good" ? claims : { fault: "expired" as const, reason: "" }),
    subscription: () => Promise.resolve({ fault: "invalid" as const, reason: "" }),
  };
  const bench = new ClientBench({
    verifier,
    limits: { connectionsPerUser: 1, commandsPerSecond: 4 },
  });
  const [one, two, three] = [bench.client(), bench.client(), bench.client()];
  await one.send({ connect: { token: "good" } });
  await two.send({ connect: { token: "good" } });
  await three.send({ connect: { token: "bad" } });
  await one.send({ subscribe: { channel: "chat:a", token: "bad" } });
  bench.pass(2_000);
  for (let i = 0; i < 6; i++) await one.send({ unsubscribe: { channel: "chat:a" } });
  const counts = valuesOf(bench, CHANNEL_COLUMN);
  assertEquals([counts.limitConnectionsPerUser, counts.limitCommands], [1, 2]);
  assertEquals([counts.connectionTokensExpired, counts.subscriptionTokensInvalid], [1, 1]);
  assertEquals(valuesOf(bench, CLIENT_ERROR_COLUMNS), { 103: 1, 109: 1, 111: 2 });
});
