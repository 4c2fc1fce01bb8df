/** However much one message asks for: a turn does a bounded part of it, and no more is encoded than the client reads. */

import { assert, assertEquals } from "@std/assert";
import type { ChannelLimits } from "../../../../runtime/config/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { type BenchClient, ClientBench, type Reply } from "./client_bench.ts";

const KIB = 1024;
/** A history of 200 KB. */
const HISTORY = { history: { channel: "chat:long", limit: -1 } };
const HISTORY_BYTES = 20 * 10_000;
const TURN_BYTES = 1024 * KIB;

function bench(limits: Partial<ChannelLimits> = {}): ClientBench {
  const stores = new Stores(8 * 1024 * KIB);
  const made = new ClientBench({
    stores,
    limits,
    config: { namespaces: { chat: OPEN } },
    verifier: {
      connection: () => Promise.reject(new Error("not asked for")),
      subscription: (channel) =>
        Promise.resolve({
          ...{ user: "", client: "", expireAt: undefined, info: undefined, data: undefined },
          channel,
          override: {},
        }),
    },
  });
  fill(made, "chat:long");
  return made;
}

function fill(of: ClientBench, name: string): void {
  const data = `"${"x".repeat(9_950)}"`;
  for (let i = 0; i < 20; i++) {
    assertEquals(of.stores.main.publish(utf8(name), publication(data)).status, "stored");
  }
}

function bytesOf(one: BenchClient): number {
  return one.link.sent.reduce((sum, { length }) => sum + length, 0);
}

const ids = (replies: readonly Reply[]) => replies.map(({ id }) => id);
const upTo = (last: number) => Array.from({ length: last - 1 }, (_, i) => i + 2);

Deno.test("queue: a long message is answered a part a turn, in order, while others wait", async () => {
  const server = bench();
  const [greedy, other] = [await server.client().connect(), await server.client().connect()];
  const got = await greedy.send(...Array(30).fill(HISTORY));
  assert(got.length < 30);
  const [reply] = await other.send({ presence_stats: { channel: "chat:long" } });
  assertEquals(reply.presence_stats, { num_clients: 0, num_users: 0 });
  for (let turns = 0; got.length < 30; turns++) {
    assert(turns < 30, `${got.length} replies`);
    server.turn();
    assert(bytesOf(greedy) <= TURN_BYTES + HISTORY_BYTES + KIB, `${bytesOf(greedy)}`);
    const longest = Math.max(...greedy.link.sent.map(({ length }) => length));
    assert(longest <= 256 * KIB + HISTORY_BYTES + KIB, `${longest}`);
    got.push(...greedy.take());
  }
  assertEquals(ids(got), upTo(31));
  assertEquals(server.context.held.bytes, 0);
});

Deno.test("queue: all clients of a worker together are answered a part a turn", async () => {
  const server = bench();
  const clients: BenchClient[] = [];
  for (let i = 0; i < 10; i++) clients.push(await server.client().connect());
  for (const one of clients) {
    const line = utf8(JSON.stringify({ id: 2, ...HISTORY }));
    one.client.receive(line, 0, line.length);
  }
  const sent = () => clients.reduce((sum, one) => sum + bytesOf(one), 0);
  assert(sent() <= TURN_BYTES + HISTORY_BYTES + KIB, `${sent()}`);
  server.settle();
  for (const one of clients) assertEquals(ids(one.take()), [2]);
});

Deno.test("queue: what reads nothing is answered at once, however much others read", async () => {
  const server = bench();
  const [greedy, other] = [await server.client().connect(), await server.client().connect()];
  const histories = Array.from({ length: 30 }, (_, i) => JSON.stringify({ id: 2 + i, ...HISTORY }));
  const greedyMessage = utf8(histories.join("\n"));
  const publish = utf8('{"id":2,"publish":{"channel":"chat:a","data":1}}');
  for (const [one, message] of [[greedy, greedyMessage], [other, publish]] as const) {
    // In one turn of the loop.
    one.client.receive(message, 0, message.length);
    server.context.turn.spend(TURN_BYTES, server.now);
  }
  assertEquals(ids(other.take()), [2]);
});

Deno.test("queue: who has spent a turn waits behind those that came after it", async () => {
  const server = bench();
  const clients: BenchClient[] = [];
  for (let i = 0; i < 40; i++) clients.push(await server.client().connect());
  const [greedy, ...others] = clients;
  const histories = Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: 2 + i, ...HISTORY }));
  const all = utf8(histories.join("\n"));
  greedy!.client.receive(all, 0, all.length);
  server.context.turn.spend(TURN_BYTES, server.now);
  const one = utf8(histories[0]!);
  for (const { client } of others) client.receive(one, 0, one.length);
  // A turn answers some of them; all have their one answer before the first has its 60.
  const sent = () => greedy!.link.sent.join("\n").split('"history"').length - 1;
  for (let i = 0; others.some(({ link }) => link.sent.length === 0); i++) {
    assert(i < 20, "some wait for ever");
    server.turn();
  }
  assert(sent() < 20, `${sent()} answers`);
  server.settle();
  assertEquals(sent(), 60);
});

Deno.test("queue: nothing more is encoded for a client that does not read; its pongs count", async () => {
  const server = bench();
  const one = await server.client().connect();
  one.link.isReading = false;
  const last = { unsubscribe: { channel: "chat:a" } };
  const got = await one.send(...Array(30).fill(HISTORY), last);
  server.settle();
  assert(one.link.queuedBytes <= 256 * KIB + HISTORY_BYTES + KIB);
  got.push(...one.take());
  server.pass(19_500);
  assertEquals(one.take(), [{}]);
  await one.sendText("{}");
  server.pass(9_000);
  assertEquals(one.link.ended, undefined);
  for (let i = 0; got.length < 31; i++) {
    assert(i < 60, `${got.length} replies`);
    got.push(...await one.read());
    server.settle();
    got.push(...one.take().filter(({ id }) => id !== undefined));
  }
  assertEquals(ids(got.filter(({ id }) => id !== undefined)), upTo(32));
  assertEquals([one.link.ended, server.context.held.bytes], [undefined, 0]);
});

Deno.test("queue: subscriptions with tokens wait for the client to read what the earlier ones recovered", async () => {
  const server = bench();
  const one = await server.client().connect();
  const names = Array.from({ length: 12 }, (_, i) => `chat:${i}`);
  for (const name of names) fill(server, name);
  one.link.isReading = false;
  const got = await one.send(...names.map((channel) => ({
    subscribe: { channel, token: channel, recoverable: true, recover: true },
  })));
  for (let i = 0; got.length < 12; i++) {
    assert(i < 60, `${got.length} replies`);
    got.push(...await one.read());
    server.settle();
    await server.followed();
    got.push(...one.take());
  }
  assertEquals(one.link.ended, undefined);
  for (const { subscribe } of got) {
    assertEquals([subscribe.recovered, subscribe.publications.length], [true, 20]);
  }
});

Deno.test("queue: no recovery begins before the last one was read to its end, so publications have room", async () => {
  const server = bench();
  const one = await server.client().connect();
  const names = ["chat:0", "chat:1", "chat:2"];
  for (const name of names) {
    for (let i = 0; i < 4; i++) fill(server, name); // 800 KB
  }
  one.link.isReading = false;
  const got = await one.send(...names.map((channel) => ({
    subscribe: { channel, recoverable: true, recover: true },
  })));
  for (let read = 1; read < names.length; read++) {
    one.link.queuedBytes = 400 * KIB; // the rest of it was read
    server.pass(2_000);
    assertEquals(server.stores.main.publish(utf8("chat:0"), publication("1")).status, "stored");
    server.settle();
    got.push(...one.take());
    assertEquals([ids(got).filter((id) => id).length, one.link.ended], [read, undefined]);
    got.push(...await one.read());
  }
  assertEquals(ids(got).filter((id) => id), [2, 3, 4]);
});

Deno.test("queue: who reads much is slowed down to what a second allows, and not refused", async () => {
  const server = bench({ commandsPerSecond: 64 }); // 4 MiB of answers
  const one = await server.client().connect();
  const got = await one.send(...Array(30).fill(HISTORY));
  server.settle();
  got.push(...one.take());
  const first = got.length;
  assert(first > 15 && first < 25, `${first}`);
  server.pass(1_300);
  server.settle();
  got.push(...one.take());
  assertEquals(ids(got), upTo(31));
  assert(got.every(({ error }) => error === undefined));
});

Deno.test("queue: what waits is bounded, for a client and for all", async () => {
  const server = bench({ messageBytes: 1_000 });
  const one = await server.client().connect();
  one.link.queuedBytes = 1;
  const line = `{"id":2,"publish":{"channel":"chat:a","data":"${"x".repeat(400)}"}}`;
  for (let i = 0; i < 3; i++) await one.sendText(line);
  assertEquals(one.link.ended, undefined);
  for (let i = 0; i < 3; i++) await one.sendText(line);
  assertEquals(one.link.ended?.code, 3013);
  assertEquals(server.context.held.bytes, 0);

  const clients: BenchClient[] = [];
  for (let i = 0; i < 10; i++) clients.push(await server.client().connect());
  for (const { link } of clients) link.queuedBytes = 1;
  for (const each of clients) {
    for (let i = 0; i < 2; i++) await each.sendText(line);
  }
  assert(server.context.held.bytes <= 4_000);
  const codes = clients.map(({ link }) => link.ended?.code);
  assert(codes.includes(undefined) && codes.includes(3004), `${codes}`);
  for (const { client } of clients) client.closed();
  assertEquals(server.context.held.bytes, 0);
});

Deno.test("queue: servers' subscriptions wait too, and are taken back by an unsubscription", async () => {
  const server = bench();
  const found = server.context.rules.resolve("chat:long");
  if ("error" in found) throw new Error("chat:long");
  const grant = { info: undefined, data: undefined, override: {}, expireAt: undefined };
  const clients: BenchClient[] = [];
  for (let i = 0; i < 20; i++) clients.push(await server.client().connect());
  for (const { client } of clients) {
    const wish = { recoverable: true, recover: true };
    client.subscribeByServer(found.channel, wish, { ...grant, isServerSide: true });
  }
  const told = () => clients.filter(({ link }) => link.sent.length > 0).length;
  assert(told() > 0 && told() < 20, `${told()}`);
  const last = clients.at(-1)!;
  last.client.unsubscribe("chat:long", { code: 2000, reason: "" });
  server.settle();
  assertEquals([told(), last.client.subscriptions.get("chat:long")], [19, undefined]);
});

Deno.test("queue: an exception of ours ends the connection, in whatever turn, and is reported", async () => {
  const server = bench();
  const one = await server.client().connect();
  one.link.queuedBytes = 1;
  await one.send({ presence_stats: { channel: "chat:a" } });
  server.context.broker.presenceStats = () => {
    throw new Error("a fault of ours");
  };
  await one.read();
  assertEquals([one.link.ended?.code, server.reported.length], [3004, 1]);
});
