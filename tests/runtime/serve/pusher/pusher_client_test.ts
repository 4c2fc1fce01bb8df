/** How connections of the Pusher protocol end by time and by loss, with a clock that the test sets. */

import { assertEquals } from "@std/assert";
import { utf8 } from "../../channels/stores.ts";
import { PusherBench } from "./pusher_bench.ts";

/** Milliseconds after which a silent client is asked, and then for its answer. */
const SILENT = 1.25 * 120_000;
const PONG = 30_000;
/** The wheel of timers has ticks. */
const LATE = 300;

Deno.test("pusher client: who does not answer a ping is told to come back at once, with 4201", async () => {
  const bench = new PusherBench();
  const [silent, alive] = [bench.client(), bench.client()];
  for (const client of [silent, alive]) {
    assertEquals(client.events(), ["pusher:connection_established"]);
  }
  bench.channels.pass(SILENT + LATE);
  assertEquals([silent.events(), alive.events()], [["pusher:ping"], ["pusher:ping"]]);
  assertEquals(await alive.send("pusher:pong"), []);
  bench.channels.pass(PONG + LATE);
  assertEquals([silent.peer.closedWith, alive.peer.closedWith], [4201, undefined]);
  assertEquals(silent.client.isClosed, true);
});

Deno.test("pusher client: a ping that waits behind other bytes is not answered yet", () => {
  const bench = new PusherBench();
  const slow = bench.client();
  slow.peer.queuedBytes = 1000;
  bench.channels.pass(SILENT + 2 * PONG + LATE);
  assertEquals(slow.peer.closedWith, undefined);
  slow.peer.queuedBytes = 0;
  bench.channels.pass(PONG + LATE);
  assertEquals(slow.peer.closedWith, 4201);
});

Deno.test("pusher client: if events were lost it is told to come back at once, with 4200", async () => {
  const bench = new PusherBench();
  const [client, other] = [bench.client(), bench.client()];
  await client.send("pusher:subscribe", { channel: "orders", auth: "" });
  await other.send("pusher:subscribe", { channel: "others", auth: "" });
  // More than the feed has room for, and no history has it.
  const publication = { data: new Uint8Array(3000), historySize: 0, historyTtlMs: 0 };
  for (let i = 0; i < 200; i++) {
    bench.channels.context.broker.publish(utf8("shop:orders"), publication);
  }
  bench.channels.settle();
  assertEquals([client.peer.closedWith, other.peer.closedWith], [4200, undefined]);
});

Deno.test("pusher client: who does not read is told to come back later, with 4100", async () => {
  const bench = new PusherBench();
  const client = bench.client();
  await client.send("pusher:subscribe", { channel: "orders", auth: "" });
  client.peer.isFull = true;
  const publication = { data: utf8("1"), historySize: 0, historyTtlMs: 0 };
  bench.channels.context.broker.publish(utf8("shop:orders"), publication);
  bench.channels.settle();
  assertEquals(client.peer.closedWith, 4100);
});

Deno.test("pusher client: a user_id that the channels have no room for is refused, and the connection goes on", async () => {
  const bench = new PusherBench();
  const client = bench.client();
  client.take();
  const subscribe = async (id: string) => {
    const [channel, channel_data] = ["presence-room", JSON.stringify({ user_id: id })];
    const auth = client.auth(channel, channel_data);
    return await client.send("pusher:subscribe", { channel, channel_data, auth });
  };
  const [refused] = await subscribe("é".repeat(127));
  assertEquals(refused?.event, "pusher:subscription_error");
  assertEquals(refused?.data, {
    type: "LimitReached",
    error: "user_id has more than 253 bytes",
    status: 413,
  });
  const [entered] = await subscribe("é".repeat(126));
  assertEquals(entered?.event, "pusher_internal:subscription_succeeded");
  assertEquals(client.peer.closedWith, undefined);
});

Deno.test("pusher client: an event of somebody whose info is as deep as a token can have it", async () => {
  const bench = new PusherBench();
  const client = bench.client();
  await client.send("pusher:subscribe", { channel: "orders", auth: "" });
  const info = "[".repeat(63) + "]".repeat(63);
  const fields = utf8(`,"info":{"user":"ann","client":"1","conn_info":${info}}`);
  const publication = { data: utf8("1"), fields, historySize: 0, historyTtlMs: 0 };
  bench.channels.context.broker.publish(utf8("shop:orders"), publication);
  bench.channels.settle();
  assertEquals(client.events(), ["message"]);
});
