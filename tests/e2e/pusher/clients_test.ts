/** Clients of the Pusher protocol: `pusher-js` and `laravel-echo` from npm, and single messages. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import Echo from "npm:laravel-echo@2.5.0";
import { CHANNEL_OPTIONS } from "../../../runtime/config/mod.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { PusherServer, subscribedTo } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const dataOf = (message: { readonly data: unknown }) => JSON.parse(message.data as string);

Deno.test("pusher-js: members come and go as users, on all workers", async () => {
  await using server = await PusherServer.start();
  const first = server.client("1");
  const room = await subscribedTo(first, "presence-room");
  const seen: string[] = [];
  room.bind("pusher:member_added", (member) => void seen.push(`+${(member as { id: string }).id}`));
  room.bind("pusher:member_removed", (one) => void seen.push(`-${(one as { id: string }).id}`));
  const twos = Array.from({ length: 6 }, () => server.client("2"));
  for (const client of twos) {
    const { members } = await subscribedTo(client, "presence-room");
    assertEquals([members?.count, members?.get("1")?.info], [2, { name: "User 1" }]);
  }
  await waitFor(() => seen.length > 0, { what: "the member" });
  const three = server.client("3");
  await subscribedTo(three, "presence-room");
  await waitFor(() => seen.includes("+3"), { what: "the third user" });
  for (const client of twos.slice(1)) client.disconnect();
  three.unsubscribe("presence-room");
  await waitFor(() => seen.includes("-3"), { what: "the third user's end" });
  assertEquals(seen, ["+2", "+3", "-3"], "one connection of the second user is left");
  twos[0]!.disconnect();
  await waitFor(() => seen.length === 4, { what: "the end of the second user" });
  assertEquals([seen[3], room.members?.count], ["-2", 1]);
});

Deno.test("pusher-js: events of clients reach the others, and nobody where they may not be sent", async () => {
  await using server = await PusherServer.start({ clientEvents: true, clientEventsPerSecond: 3 });
  const [one, two] = [server.client("1"), server.client("2")];
  const errors: string[] = [];
  one.connection.bind("error", (error) => void errors.push(JSON.stringify(error)));
  const got: unknown[] = [];
  for (const client of [one, two]) {
    for (const name of ["presence-room", "private-a", "open"]) {
      const channel = await subscribedTo(client, name);
      channel.bind("client-typing", (data, metadata) => {
        got.push([client === one ? 1 : 2, name, data, metadata?.user_id]);
      });
    }
  }
  assert(one.subscribe("open").trigger("client-typing", 1), "the client sends it");
  await waitFor(() => errors.length === 1, { what: "the refusal" });
  assertMatch(errors[0]!, /4301.*private and presence channels alone/);
  one.subscribe("presence-room").trigger("client-typing", { a: 1 });
  one.subscribe("private-a").trigger("client-typing", "text");
  await waitFor(() => got.length === 2, { what: "two events" });
  assertEquals(got, [
    [2, "presence-room", { a: 1 }, "1"],
    [2, "private-a", "text", undefined],
  ]);
  for (let i = 0; i < 10; i++) one.subscribe("private-a").trigger("client-typing", i);
  await waitFor(() => errors.length > 1, { what: "the rate" });
  assertMatch(errors[1]!, /4301.*more than 3 events in a second/);
});

Deno.test("pusher-js: without client_events nothing is passed on", async () => {
  await using server = await PusherServer.start();
  const socket = server.socket();
  await socket.subscribe("private-a");
  socket.send("client-typing", {}, "private-a");
  const { data } = await socket.first("pusher:error");
  assertEquals((data as { code: number }).code, 4301);
});

Deno.test("pusher-js: a user signs in, gets what is for the user alone, and is disconnected", async () => {
  await using server = await PusherServer.start();
  const clients = Array.from({ length: 6 }, () => server.client("7"));
  const other = server.client("8");
  const got: string[] = [];
  for (const client of [...clients, other]) {
    client.user.bind("hello", () => void got.push(client === other ? "other" : "user"));
    client.signin();
  }
  const names = async (info: string) => {
    const found = await server.library.get({ path: `/channels/${info}` });
    return await found.json();
  };
  await waitFor(async () => {
    await (await server.library.sendToUser("7", "hello", {})).text();
    return got.filter((who) => who === "user").length >= 6;
  }, { what: "the event of the user" });
  assert(!got.includes("other"));
  assertEquals(await (await server.library.get({ path: "/channels" })).json(), { channels: {} });
  assertEquals(await names("nobody"), { occupied: false });
  assertEquals(await (await server.library.terminateUserConnections("7")).json(), {});
  await waitFor(() => clients.every(({ connection }) => connection.state === "disconnected"), {
    what: "the end of their connections",
  });
  assertEquals(other.connection.state, "connected");
});

Deno.test("pusher: who is not the user gets neither the channel nor the name", async () => {
  await using server = await PusherServer.start();
  const socket = server.socket();
  const id = await socket.socketId();
  socket.send("pusher:subscribe", { channel: "#server-to-user-7" });
  assertEquals((await socket.first("pusher:subscription_error")).channel, "#server-to-user-7");
  const { auth } = server.library.authenticateUser(id, { id: "7" });
  socket.send("pusher:signin", { auth, user_data: '{"id":"8"}' });
  await waitFor(() => socket.closed() === 4009, { what: "the end of the connection" });
});

Deno.test("pusher: a subscription needs the signature of its connection, its channel and its member", async () => {
  await using server = await PusherServer.start();
  const [socket, stranger] = [server.socket(), server.socket()];
  const [id, strange] = [await socket.socketId(), await stranger.socketId()];
  const { authorizeChannel } = server.library;
  const sign = authorizeChannel.bind(server.library);
  const right = sign(id, "private-a")["auth"]!;
  const member = sign(id, "presence-a", { user_id: "1" });
  const rows: Record<string, string>[] = [
    { channel: "private-a" },
    { channel: "private-a", auth: "" },
    { channel: "private-a", auth: right.toUpperCase() },
    { channel: "private-a", auth: right.slice(0, -1) + (right.endsWith("0") ? "1" : "0") },
    { channel: "private-a", auth: right.replace("shop-key", "other-key") },
    { channel: "private-a", auth: sign(strange, "private-a")["auth"]! },
    { channel: "private-a", auth: sign(id, "private-b")["auth"]! },
    { channel: "private-a", auth: right, channel_data: '{"user_id":"1"}' },
    { channel: "private-encrypted-a", auth: right },
    { channel: "presence-a", auth: member["auth"]! },
    { channel: "presence-a", auth: member["auth"]!, channel_data: '{"user_id":"2"}' },
    { channel: "presence-a", auth: sign(id, "presence-a")["auth"]! },
    { channel: "a:b", auth: "" },
  ];
  for (const row of rows) socket.send("pusher:subscribe", row);
  const errors = () => socket.messages.filter(({ event }) => event === "pusher:subscription_error");
  await waitFor(() => errors().length === rows.length, { what: "a refusal of each" });
  await socket.subscribe("private-a");
  await socket.subscribe("presence-a", { user_id: "1" });
  socket.send("pusher:subscribe", { channel: "private-a", auth: right });
  assertMatch(JSON.stringify(await socket.first("pusher:error")), /Existing subscription/);
});

Deno.test("pusher: a cache channel sends its last event to whom subscribes", async () => {
  const namespaces = { shop: CHANNEL_OPTIONS, other: CHANNEL_OPTIONS };
  await using server = await PusherServer.start({ clientEvents: true }, { namespaces });
  const first = server.socket();
  await first.subscribe("private-cache-a");
  await first.first("pusher:cache_miss");
  for (const i of [1, 2]) {
    await (await server.library.trigger("private-cache-a", "e", { i })).text();
  }
  first.send("client-typing", {}, "private-cache-a");
  for (let i = 0; i < 4; i++) {
    const late = server.socket();
    await late.subscribe("private-cache-a");
    assertEquals(dataOf(await late.first("e")), { i: 2 });
    // The client event may still be on its way to who subscribes now: then it comes live.
    const kept = late.messages.filter(({ event }) => event !== "client-typing");
    assertEquals(kept.length, 3, "and nothing else");
  }
  const elsewhere = server.socket();
  await elsewhere.subscribe("cache-a");
  await elsewhere.first("pusher:cache_miss");
});

Deno.test("pusher: an encrypted event passes as it is", async () => {
  await using server = await PusherServer.start();
  const socket = server.socket();
  const id = await socket.socketId();
  const { auth } = server.library.authorizeChannel(id, "private-encrypted-a");
  socket.send("pusher:subscribe", { channel: "private-encrypted-a", auth });
  await socket.first("pusher_internal:subscription_succeeded");
  await (await server.library.trigger("private-encrypted-a", "e", { a: 1 })).text();
  assertEquals(Object.keys(dataOf(await socket.first("e"))), ["nonce", "ciphertext"]);
});

Deno.test("pusher-js: reads what the backend has encrypted for it, and what others send is no event", async () => {
  await using server = await PusherServer.start();
  const channel = await subscribedTo(server.client(), "private-encrypted-a");
  const got: unknown[] = [];
  channel.bind("e", (data) => void got.push(data));
  await server.backend.publish("shop:private-encrypted-a", { a: 0 }, { tags: { event: "e" } });
  await (await server.library.trigger("private-encrypted-a", "e", { a: "é" })).text();
  await waitFor(() => got.length > 0, { what: "the event" });
  assertEquals(got, [{ a: "é" }]);
});

Deno.test("pusher: members of other protocols are members, and restricted names need a token there", async () => {
  await using server = await PusherServer.start();
  const { server: channels } = server.backend;
  const socket = server.socket();
  await socket.subscribe("presence-room", { user_id: "1" });
  await socket.subscribe("orders");
  const client = channels.client();
  await connected(client);
  for (const name of ["private-a", "presence-room", "#server-to-user-1"]) {
    const { unsubscribed } = await subscribe(client, `shop:${name}`);
    assertEquals(unsubscribed, [103], name);
  }
  const open = await subscribe(client, "shop:orders");
  await (await server.library.trigger("orders", "placed", { id: 5 })).text();
  await waitFor(() => open.data.length === 1, { what: "the event" });
  assertEquals(open.data, [{ id: 5 }]);
  const { clients } = await server.backend.ask("presence", { channel: "shop:presence-room" })
    .then(({ presence }) => ({ clients: Object.values(presence) as { user: string }[] }));
  assertEquals(clients.map(({ user }) => user), ["1"]);
  await server.backend.publish("shop:orders", [1, 2], { tags: { event: "pusher:error" } });
  assertEquals(await socket.first("message"), {
    event: "message",
    channel: "orders",
    data: "[1,2]",
  });
});

Deno.test("laravel-echo: listens, whispers, and sees who is here", async () => {
  await using server = await PusherServer.start({ clientEvents: true });
  const echos = ["1", "2"].map((user) => {
    const client = server.client(user);
    return new Echo({ broadcaster: "pusher", client } as never);
  });
  const seen: string[] = [];
  const here: number[] = [];
  const one = echos[0]!.join("room");
  one.here((users: unknown[]) => here.push(users.length));
  await waitFor(() => here.length > 0, { what: "the room" });
  one.joining((user: { name: string }) => seen.push(`joining ${user.name}`));
  one.listenForWhisper("typing", () => seen.push("whisper"));
  one.listen(".placed", ({ id }: { id: number }) => seen.push(`placed ${id}`));
  // Its list may come at once: it is waited for from the beginning.
  const two = echos[1]!.join("room");
  two.here((users: unknown[]) => here.push(users.length));
  await waitFor(() => here.length === 2, { what: "the second user" });
  two.whisper("typing", {});
  await waitFor(() => seen.length === 2, { what: "the whisper" });
  await (await server.library.trigger("presence-room", "placed", { id: 5 })).text();
  await waitFor(() => seen.length === 3, { what: "the event" });
  assertEquals([here, seen], [[1, 2], ["joining User 2", "whisper", "placed 5"]]);
});
