/** How connections of the Pusher protocol begin, go on and end. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DeflateClient } from "../../support/deflate_client.ts";
import { PusherServer } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

Deno.test("pusher: a wrong key is refused with 4001, and a page of the path says what it is", async () => {
  await using server = await PusherServer.start();
  const socket = server.socket("nobody");
  await waitFor(() => socket.closed() === 4001, { what: "4001" });
  assertEquals((await server.backend.get("/app/shop-key"))[0], 426);
  assertEquals((await server.backend.get("/app/shop-key/more"))[0], 404);
  assertEquals((await server.backend.get("/apps/1/events"))[0], 405);
});

Deno.test("pusher: pings are answered, and what is no message ends nothing", async () => {
  await using server = await PusherServer.start();
  const socket = server.socket();
  assertMatch(await socket.socketId(), /^\d+\.\d+$/);
  for (const text of ["{", "[]", '{"event":"pusher:later"}', '{"event":1}']) socket.sendText(text);
  const errors = () => socket.messages.filter(({ event }) => event === "pusher:error");
  await waitFor(() => errors().length === 4, { what: "an error for each" });
  socket.send("pusher:ping");
  await socket.first("pusher:pong");
  assertEquals(socket.closed(), undefined);
});

Deno.test("pusher: a silent client is pinged, and stays while it answers", async () => {
  await using server = await PusherServer.start({ activityTime: 100 });
  const socket = server.socket();
  for (let i = 1; i <= 3; i++) {
    const pings = () => socket.messages.filter(({ event }) => event === "pusher:ping").length;
    await waitFor(() => pings() === i, { what: `ping ${i}` });
    socket.send("pusher:pong");
  }
  assertEquals(socket.closed(), undefined);
});

Deno.test("pusher: too many messages, channels and bytes", async () => {
  await using server = await PusherServer.start({}, {}, {
    channelLimits: { commandsPerSecond: 20, channelsPerConnection: 2, messageBytes: 1000 },
  });
  const socket = server.socket();
  await socket.subscribe("a");
  await socket.subscribe("b");
  socket.send("pusher:subscribe", { channel: "c" });
  const { data } = await socket.first("pusher:subscription_error");
  assertEquals((data as { type: string }).type, "LimitReached");
  for (let i = 0; i < 30; i++) socket.send("pusher:ping");
  await waitFor(() => socket.closed() === 4100, { what: "4100" });
  const long = server.socket();
  await long.socketId();
  long.sendText(JSON.stringify({ event: "pusher:ping", data: "x".repeat(1000) }));
  await waitFor(() => long.closed() === 1009, { what: "1009" });
});

Deno.test("pusher: who does not read is told to come back, and the others get everything", async () => {
  await using server = await PusherServer.start();
  const [slow, quick] = [server.socket(), server.socket()];
  await slow.subscribe("a");
  await quick.subscribe("a");
  slow.pause();
  const data = JSON.stringify("x".repeat(50_000));
  const got = () => quick.messages.filter(({ event }) => event === "e").length;
  const left = async () => (await subscriptions(server, "a")) === 1;
  let sent = 0;
  await waitFor(async () => {
    for (let i = 0; i < 10; i++, sent++) {
      await (await server.library.trigger("a", "e", data)).text();
    }
    await waitFor(() => got() === sent, { what: () => `${sent} events, not ${got()}` });
    return await left();
  }, { what: "the end of the slow one" });
  assert(sent > 10);
});

async function subscriptions(server: PusherServer, name: string): Promise<number> {
  const params = { info: "subscription_count" };
  const answer = await server.library.get({ path: `/channels/${name}`, params });
  return (await answer.json()).subscription_count;
}

Deno.test("pusher: a stop ends clients with 4200, so that they connect at once to the next server", async () => {
  const server = await PusherServer.start();
  const sockets = Array.from({ length: 4 }, () => server.socket());
  for (const socket of sockets) await socket.subscribe("a");
  server.backend.server.executor.stop();
  await waitFor(() => sockets.every((socket) => socket.closed() === 4200), {
    what: () => `4200, not ${sockets.map((socket) => socket.closed())}`,
  });
  await server[Symbol.asyncDispose]();
});

Deno.test("pusher: long events are compressed for those that negotiated it, and the sender gets none of its own", async () => {
  await using server = await PusherServer.start({}, {}, { websocketCompression: true });
  const url = `ws://127.0.0.1:${server.port}/app/shop-key?protocol=7`;
  const open = async (compresses: boolean) => {
    const client = await DeflateClient.open(url, compresses);
    const { data } = JSON.parse(await client.nextText());
    client.send('{"event":"pusher:subscribe","data":{"channel":"orders","auth":""}}');
    assertMatch(await client.nextText(), /subscription_succeeded/);
    return { client, id: JSON.parse(data).socket_id as string };
  };
  const [sender, plain] = [await open(true), await open(false)];
  // On both workers.
  const others = await Promise.all(Array.from({ length: 6 }, () => open(true)));
  try {
    const data = "a long event, ".repeat(500);
    await (await server.library.trigger("orders", "e", data, { socket_id: sender.id })).text();
    await (await server.library.trigger("orders", "end", data)).text();
    for (const one of [plain, sender, ...others]) {
      for (const event of one === sender ? ["end"] : ["e", "end"]) {
        const message = await one.client.next();
        const came = JSON.parse(new TextDecoder().decode(message.data));
        assertEquals(came, { event, channel: "orders", data });
        assertEquals(message.compressed, one !== plain);
      }
    }
  } finally {
    for (const { client } of [sender, plain, ...others]) await client[Symbol.asyncDispose]();
  }
});
