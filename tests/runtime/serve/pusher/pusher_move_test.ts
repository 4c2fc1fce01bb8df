/** A Pusher client that goes on in another process, which has the same channels: what it knows, and what it is told. */

import { assert, assertEquals } from "@std/assert";
import { createChannelMemory } from "../../../../runtime/channels/mod.ts";
import {
  decodePusherState,
  encodePusherState,
} from "../../../../runtime/serve/pusher/pusher_client_state.ts";
import { terminateMessage } from "../../../../runtime/serve/pusher/pusher_directory.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { LateBroker } from "../centrifuge/late_broker.ts";
import { PusherBench, type PusherBenchClient } from "./pusher_bench.ts";

/** Milliseconds after which a silent client is asked. */
const SILENT = 1.25 * 120_000;
const ROOM = "presence-room";

function publish({ channels: { stores } }: PusherBench, channel: string, data: string): void {
  const name = utf8(`shop:${channel}`);
  assertEquals(stores.threads[1]!.publish(name, publication(data)).status, "stored");
}

/** What came, as short texts. */
function told(client: PusherBenchClient): string[] {
  return client.take().map(({ event, channel = "", data }) => {
    const { user_id: user } = typeof data === "string" ? JSON.parse(data) : { user_id: undefined };
    return `${event} ${channel} ${user ?? data}`;
  });
}

async function inRoom(bench: PusherBench, user: string): Promise<PusherBenchClient> {
  const client = bench.client();
  const came = await client.subscribe(ROOM, user);
  assertEquals(came.at(-1)?.event, "pusher_internal:subscription_succeeded");
  return client;
}

Deno.test("pusher move: its name, user and subscriptions go on, and its silence; events come once", async () => {
  const app = { clientEvents: true };
  const before = new PusherBench({ app });
  const [one, other] = [before.client(), before.client()];
  const user_data = '{"id":"ann"}';
  await one.send("pusher:signin", { auth: one.userAuth(user_data), user_data });
  const names = ["orders", "private-a", "cache-c", "private-encrypted-e", "#server-to-user-ann"];
  for (const name of names) await one.subscribe(name);
  await other.subscribe("private-a");
  publish(before, "orders", "1");
  before.channels.settle();
  before.channels.pass(100_000);
  publish(before, "orders", "2"); // not passed on yet
  one.take();
  const [after] = before.heirs({ app });
  const states = [one.leave(), other.leave()] as const;
  assertEquals(told(one), ["message orders 2"]);
  assertEquals([before.context.channels.hub.channelCount, before.channels.timers.size], [0, 0]);
  assertEquals(one.peer.closedWith, undefined);

  // Its clock shows another time.
  after.channels.now = 7_000_000;
  publish(after, "orders", "3");
  const moved = after.moved(states[0]);
  assertEquals(moved.client.socketId, one.client.socketId);
  publish(after, "orders", "4");
  publish(after, "#server-to-user-ann", "5");
  after.channels.settle();
  assertEquals(told(moved), [
    "message orders 3",
    "message orders 4",
    "message #server-to-user-ann 5",
  ]);
  const second = after.moved(states[1]);
  await moved.send("client-e", 6, "private-a");
  after.channels.settle();
  assertEquals([told(second), told(moved)], [["client-e private-a 6"], []]);
  const [again] = await moved.subscribe("orders");
  assertEquals(again?.event, "pusher:error", "it is subscribed");
  await moved.send("pusher:unsubscribe", { channel: "orders" });
  assertEquals(after.channels.stores.main.subscriberCount(utf8("shop:orders")), 0);

  // The other one was silent for 100 s already.
  after.channels.pass(SILENT - 100_000 - 1_000);
  assertEquals(second.events(), []);
  after.channels.pass(1_300);
  assertEquals([second.events(), moved.events()], [["pusher:ping"], []]);
  after.context.directory.control(...terminateMessage("1", "ann"));
  assertEquals([moved.peer.closedWith, second.peer.closedWith], [4009, undefined]);
  after.channels.stores.check();
});

Deno.test("pusher move: who owes a pong still owes it", () => {
  const before = new PusherBench();
  const one = before.client();
  before.channels.pass(SILENT + 300);
  before.channels.pass(20_000);
  const [after] = before.heirs();
  const moved = after.moved(one.leave());
  after.channels.pass(9_500);
  assertEquals(moved.peer.closedWith, undefined);
  after.channels.pass(1_000);
  assertEquals(moved.peer.closedWith, 4201);
});

Deno.test("pusher move: members go on; who has come and gone meanwhile is told once, to those who did not know", async () => {
  const before = new PusherBench();
  const clients = new Map<string, PusherBenchClient>();
  for (const name of ["ann", "bob", "cat", "eve", "bob again"]) {
    clients.set(name, await inRoom(before, name.split(" ")[0]!));
  }
  before.channels.settle();
  for (const client of clients.values()) client.take();
  const [after, beside] = before.heirs();
  const all = clients.entries().map(([name, client]) => [name, client.leave()] as const);
  const states = Object.fromEntries(all);
  const bob = beside.moved(states["bob"]!);
  const cat = beside.moved(states["cat"]!);
  assertEquals([told(bob), told(cat)], [[], []]);
  await bob.send("pusher:unsubscribe", { channel: ROOM }); // not his last connection
  await cat.send("pusher:unsubscribe", { channel: ROOM });
  const dan = await inRoom(beside, "dan");
  assertEquals(dan.take(), []);

  const missed = [
    `pusher_internal:member_removed ${ROOM} cat`,
    `pusher_internal:member_added ${ROOM} dan`,
  ];
  const ann = after.moved(states["ann"]!);
  assertEquals(told(ann), missed);
  // The room is there already, and has these changes behind it.
  const again = after.moved(states["bob again"]!);
  assertEquals(told(again), missed);
  for (const bench of [after, beside]) bench.channels.settle();
  assertEquals([told(ann), told(again), told(dan)], [[], [], []]);

  // Who does not come has left, and whose last connection ends, too.
  const left = after.channels.stores.main.removeLeft();
  while (!left.step());
  again.client.closed();
  for (const bench of [after, beside]) bench.channels.settle();
  const gone = ["eve", "bob"].map((user) => `pusher_internal:member_removed ${ROOM} ${user}`);
  assertEquals([told(ann), told(dan)], [gone, gone]);
  const succeeded = (await beside.client().subscribe(ROOM, "fay")).at(-1);
  const { presence } = JSON.parse(succeeded?.data as string);
  assertEquals(presence.ids.toSorted(), ["ann", "dan", "fay"]);
  after.channels.stores.check();
});

Deno.test("pusher move: a member that comes while another thread publishes is told of once", async () => {
  const before = new PusherBench();
  const ann = await inRoom(before, "ann");
  const [after, beside] = before.heirs();
  const state = ann.leave();
  const { hub } = after.context.channels;
  await after.client().subscribe("other"); // it reads the feed from now on
  await inRoom(beside, "bob");
  hub.catchUp = () => {}; // the first list has a member whose join is not read yet
  const moved = after.moved(state);
  assertEquals(told(moved), []);
  after.channels.settle();
  assertEquals(told(moved), [`pusher_internal:member_added ${ROOM} bob`]);
});

Deno.test("pusher move: what counts for limits is counted on", async () => {
  const app = { clientEvents: true, clientEventsPerSecond: 2 };
  const rateLimits = { publish_limit_per_user: { count: 3, time: 60_000 } };
  const options = { ...OPEN, rateLimits };
  const before = new PusherBench({ app, options });
  const one = before.client();
  await one.subscribe("private-a");
  const send = async (client: PusherBenchClient) => {
    const came = await client.send("client-e", 1, "private-a");
    return came.map(({ data }) => (data as { readonly code: number }).code);
  };
  assertEquals(await send(one), []);
  const [after] = before.heirs({ app, options });
  after.channels.now = 5_000_000;
  const moved = after.moved(one.leave());
  assertEquals([await send(moved), await send(moved)], [[], [4301]]);
  after.channels.pass(1_100);
  assertEquals([await send(moved), await send(moved)], [[], [4301]]);
  after.channels.pass(20_000);
  assertEquals(await send(moved), []);
});

Deno.test("pusher move: for whom something is gone comes back at once, and is no member any more", async () => {
  const before = new PusherBench();
  const [ann, bob] = [await inRoom(before, "ann"), await inRoom(before, "bob")];
  await ann.subscribe("orders");
  const watched: string[] = [];
  const [after] = before.heirs();
  const heir = new PusherBench({
    stores: after.channels.stores,
    watch: { joined: (_name, _client, user) => void watched.push(new TextDecoder().decode(user)) },
  });
  const state = ann.leave();
  const [room, orders] = state.subscriptions;
  const moved = heir.moved({ ...state, subscriptions: [room!, { ...orders!, epoch: "other" }] });
  assertEquals([moved.peer.closedWith, moved.client.isClosed, moved.take()], [4200, true, []]);
  assertEquals(heir.context.channels.hub.channelCount, 0);
  const { main } = heir.channels.stores;
  assertEquals(main.presenceStats(utf8(`shop:${ROOM}`)).clients, 1);
  // No history has events of clients: the feed must have all.
  const leftBob = bob.leave();
  const plain = { data: utf8("1"), historySize: 0, historyTtlMs: 0 };
  await heir.client().subscribe("others"); // reads the feed
  for (let i = 0; i < 20_000; i++) main.publish(utf8("shop:others"), plain);
  const second = heir.moved(leftBob);
  assertEquals([second.peer.closedWith, watched], [4200, ["ann", "bob"]]);
  assertEquals(decodePusherState(encodePusherState(leftBob))?.socketId, bob.client.socketId);
  const other = utf8(JSON.stringify({ ...leftBob, version: 2 }));
  assertEquals(decodePusherState(other), undefined);
});

Deno.test("pusher move: who waits for an engine stays until it has answered", async () => {
  const random = new Uint32Array([7, 6, 5, 4, 3, 2, 1]);
  const options = { bytes: 256 * 1024, workers: 2, random, engine: true };
  const stores = new Stores(options.bytes, 2, createChannelMemory(options));
  const bench = new PusherBench({ stores, engine: new LateBroker(stores.main) });
  const one = bench.client();
  const subscribing = one.subscribe("orders");
  assertEquals(one.client.leave(), undefined);
  await subscribing;
  assert(one.client.leave() !== undefined);
  assertEquals(one.client.leave(), undefined, "it is gone");
});
