/**
 * The client `centrifuge` from npm against protocol/centrifuge: everything that it sends is decoded to what it
 * meant, and it understands everything that is sent to it. The server is one of this test alone.
 */

import { assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import {
  CHANNEL_COMPACTION,
  CLIENT_ERRORS,
  type ClientInfo,
  type Command,
  DISCONNECTS,
  PING,
  type Publication,
  type ReplyBatch,
  UNSUBSCRIBES,
  writeClientInfo,
  writeConnectResult,
  writeDisconnectPush,
  writeEmptyResult,
  writeError,
  writeHistoryResult,
  writeJoinOrLeave,
  writePresenceResult,
  writePresenceStatsResult,
  writePublication,
  writePublicationFields,
  writePublicationPush,
  writeRefreshResult,
  writeRpcResult,
  writeSubRefreshResult,
  writeSubscribePush,
  writeSubscribeResult,
  writeUnsubscribePush,
} from "../../../protocol/centrifuge/mod.ts";
import { JsonWriter } from "../../../protocol/json/mod.ts";
import {
  type CentrifugePeer,
  type Connection,
  type Handler,
  json,
  startStreamPeer,
  startWebSocketPeer,
} from "../../support/centrifuge_peer.ts";
import { waitFor } from "../../support/wait_for.ts";

const STARTS: readonly [string, (handler: Handler) => Promise<CentrifugePeer> | CentrifugePeer][] =
  [
    ["websocket", startWebSocketPeer],
    ["sse", (handler) => startStreamPeer("sse", handler)],
    ["http_stream", (handler) => startStreamPeer("http_stream", handler)],
  ];

/** The number that stands for a channel. */
const NUMBERS = new Map<string, number>();

function numberOf(channel: string): number {
  const number = NUMBERS.get(channel) ?? NUMBERS.size + 1;
  NUMBERS.set(channel, number);
  return number;
}

type Write = (out: ByteBuffer) => void;

/** Sends replies and pushes as one batch. */
function send(connection: Connection, ...writes: Write[]): void {
  connection.send((batch: ReplyBatch) => {
    for (const write of writes) {
      write(batch.begin());
      batch.end();
    }
  });
}

function fieldsOf(publication: Publication): Uint8Array {
  const out = new ByteBuffer(0);
  writePublicationFields(out, publication);
  return out.view();
}

function publicationOf(offset: number, publication: Publication): Uint8Array {
  const out = new ByteBuffer(0);
  writePublication(out, offset, fieldsOf(publication));
  return out.view();
}

function encodedInfo(info: ClientInfo): Uint8Array {
  const out = new ByteBuffer(0);
  writeClientInfo(new JsonWriter(out), info);
  return out.view();
}

const INFO = { user: "u1", client: "c1", connectionInfo: json({ a: 1 }), channelInfo: json("x") };

/** Answers each command with a plausible result. */
function answer(command: Command, connection: Connection): void {
  if (command.name === "pong" || command.name === "send") return;
  const { id } = command;
  send(connection, (out) => {
    switch (command.name) {
      case "connect":
        return writeConnectResult(out, id, {
          client: "c1",
          version: "0.1",
          ping: 25,
          pong: true,
          data: json({ hello: true }),
          ttl: command.request.token === undefined ? undefined : 3600,
          session: "session",
          node: "node",
        });
      case "subscribe":
        return writeSubscribeResult(out, id, {
          recoverable: true,
          positioned: true,
          position: { offset: 0, epoch: "e" },
          delta: command.request.delta === "fossil",
          ttl: command.request.token === undefined ? undefined : 3600,
          id: ((command.request.flag ?? 0) & CHANNEL_COMPACTION) === 0
            ? undefined
            : numberOf(command.request.channel!),
        });
      case "unsubscribe":
      case "publish":
        return writeEmptyResult(out, id, command.name);
      case "presence":
        return writePresenceResult(out, id, [
          ["c1", encodedInfo(INFO)],
          ["c2", encodedInfo({ user: "", client: "c2" })],
        ]);
      case "presence_stats":
        return writePresenceStatsResult(out, id, { clients: 2, users: 1 });
      case "history":
        return writeHistoryResult(out, id, {
          publications: [publicationOf(1, { data: json("a"), tags: new Map([["t", "v"]]) })],
          position: { offset: 1, epoch: "e" },
        });
      case "rpc":
        if (command.request.method === "unknown") {
          return writeError(out, id, CLIENT_ERRORS.METHOD_NOT_FOUND);
        }
        return writeRpcResult(out, id, json({ result: [1, "é"] }));
      case "refresh":
        return writeRefreshResult(out, id, { client: "c1", version: "0.1", ttl: 3600 });
      case "sub_refresh":
        return writeSubRefreshResult(out, id, { ttl: 3600 });
    }
  });
}

/** A decoded command, with the names and values that the client wrote. */
function asWritten(command: Command): unknown {
  if (command.name === "pong") return {};
  const wire: Record<string, string> = { joinLeave: "join_leave", tagsFilter: "tf" };
  const entries = Object.entries(command.request).filter(([_, value]) => value !== undefined)
    .map(([name, value]) => [wire[name] ?? name, plain(value)]);
  const fields = { [command.name]: Object.fromEntries(entries) };
  return command.name === "send" ? fields : { id: command.id, ...fields };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(value));
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, one]) => [name, plain(one)]));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([_, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, plain(one)]));
}

function commandsOf(peer: CentrifugePeer): string[] {
  return peer.received.map(({ command }) => command.name);
}

for (const [name, start] of STARTS) {
  Deno.test(`centrifuge client, ${name}: everything that it sends is decoded to what it meant`, async () => {
    await using peer = await start(answer);
    const client = peer.client({
      token: "connection-token",
      data: { a: 1, "ключ": ["é", null] },
      name: "test",
      version: "1.2",
      headers: { "x-a": "b" },
      // The timers of refreshes.
      getToken: () => Promise.resolve("another-token"),
    });
    const sub = client.newSubscription("news:é", {
      token: "subscription-token",
      data: { b: [] },
      positioned: true,
      recoverable: true,
      joinLeave: true,
      since: { offset: 5, epoch: "e" },
    });
    sub.subscribe();
    client.connect();
    await client.ready();
    await sub.ready();
    await client.publish("news:é", { n: 1.5 });
    await sub.publish(null);
    await client.history("news:é", { limit: 10, since: { offset: 3, epoch: "e" }, reverse: true });
    await sub.history({ limit: -1 });
    await sub.presence();
    await sub.presenceStats();
    await client.rpc("method", { x: "\u2028" });
    await client.send({ y: 1 });
    client.startBatching();
    const both = [client.rpc("one", 1), client.rpc("two", {})];
    client.stopBatching();
    await Promise.all(both);
    sub.unsubscribe();
    await waitFor(() => commandsOf(peer).includes("unsubscribe"), { what: "unsubscribe" });
    for (const connection of peer.connections) send(connection, (out) => out.append(PING));
    await waitFor(() => commandsOf(peer).includes("pong"), { what: "the pong" });

    for (const { line, command } of peer.received) {
      assertEquals(asWritten(command), JSON.parse(line), line);
    }
    const expected = ["connect", "subscribe", "publish", "publish", "history", "history"];
    expected.push("presence", "presence_stats", "rpc", "send", "rpc", "rpc");
    assertEquals(commandsOf(peer).slice(0, expected.length).sort(), expected.sort());
    assertEquals(peer.messages.some((count) => count > 1), true, "several in one message");
  });

  Deno.test(`centrifuge client, ${name}: it understands what is sent to it`, async () => {
    await using peer = await start(answer);
    const client = peer.client();
    const events: unknown[] = [];
    const record = (what: string) => (context: object) => events.push([what, context]);
    client.on("publication", record("server-side publication"));
    const sub = client.newSubscription("news");
    sub.on("publication", record("publication"));
    sub.on("join", record("join"));
    sub.on("leave", record("leave"));
    const recovered: boolean[] = [];
    sub.on("subscribed", (context) => recovered.push(context.recovered));
    sub.subscribe();
    const connected = new Promise<unknown>((resolve) => client.on("connected", resolve));
    client.connect();
    await sub.ready();
    assertEquals((await connected as { data: unknown }).data, { hello: true });

    const [connection] = peer.connections;
    const number = numberOf("news");
    const tags = new Map([["k", "v"]]);
    send(
      connection!,
      (out) =>
        writePublicationPush(out, number, {
          offset: 1,
          fields: fieldsOf({ data: new TextEncoder().encode('{\n"a":1.0}') }),
        }),
      (out) =>
        writePublicationPush(out, "news", {
          offset: 2,
          fields: fieldsOf({ data: json("é"), info: INFO, tags, time: 5 }),
        }),
      (out) => writeJoinOrLeave(out, "join", { channel: number, info: INFO }),
      (out) =>
        writeJoinOrLeave(out, "leave", { channel: "news", info: { user: "", client: "c2" } }),
      (out) => writeSubscribePush(out, "server-side", {}),
      (out) =>
        writePublicationPush(out, "server-side", {
          offset: 0,
          fields: fieldsOf({ data: json(7) }),
        }),
    );
    await waitFor(() => events.length >= 5, { what: () => JSON.stringify(events) });
    const info = { client: "c1", user: "u1", connInfo: { a: 1 }, chanInfo: "x" };
    assertEquals(events, [
      ["publication", { channel: "news", data: { a: 1 }, offset: 1 }],
      ["publication", { channel: "news", data: "é", offset: 2, info, tags: { k: "v" } }],
      ["join", { channel: "news", info }],
      ["leave", { channel: "news", info: { client: "c2", user: "" } }],
      ["server-side publication", { channel: "server-side", data: 7 }],
    ]);

    // The client leaves the names of the wire beside its own.
    const c1 = { ...info, conn_info: info.connInfo, chan_info: info.chanInfo };
    assertEquals(await sub.presence(), { clients: { c1, c2: { client: "c2", user: "" } } });
    assertEquals(await sub.presenceStats(), { numClients: 2, numUsers: 1 });
    assertEquals(await sub.history({ limit: 1 }), {
      publications: [{ channel: "news", data: "a", offset: 1, tags: { t: "v" } }],
      offset: 1,
      epoch: "e",
    });
    assertEquals(await client.rpc("m", {}), { data: { result: [1, "é"] } });
    const error = await client.rpc("unknown", {}).catch((error: unknown) => error);
    assertEquals(error, { code: 104, message: "method not found", temporary: false });
  });

  Deno.test(`centrifuge client, ${name}: the codes of unsubscribe pushes and of disconnects`, async () => {
    await using peer = await start(answer);
    const client = peer.client({ minReconnectDelay: 10, maxReconnectDelay: 20 });
    const [left, kept] = [client.newSubscription("left"), client.newSubscription("kept")];
    const codes: number[] = [];
    kept.on("subscribing", ({ code }) => codes.push(code));
    for (const sub of [left, kept]) sub.subscribe();
    client.connect();
    await Promise.all([left.ready(), kept.ready()]);
    let [connection] = peer.connections;
    send(
      connection!,
      (out) => writeUnsubscribePush(out, "left", UNSUBSCRIBES.SERVER),
      (out) => writeUnsubscribePush(out, "kept", UNSUBSCRIBES.INSUFFICIENT_STATE),
    );
    await waitFor(() => codes.includes(2500) && kept.state === "subscribed", { what: "2500" });
    assertEquals(left.state, "unsubscribed");

    const before = commandsOf(peer).filter((name) => name === "connect").length;
    send(connection!, (out) => writeDisconnectPush(out, DISCONNECTS.SHUTDOWN));
    const connects = () => commandsOf(peer).filter((name) => name === "connect").length;
    await waitFor(() => connects() > before && client.state === "connected", { what: "a return" });
    const last = peer.received.findLast(({ command }) => command.name === "subscribe");
    assertEquals(last?.command.name === "subscribe" && last.command.request.recover, true);

    connection = [...peer.connections].at(-1);
    const ended = new Promise<{ code: number }>((resolve) => client.on("disconnected", resolve));
    if (name === "websocket") connection!.close(DISCONNECTS.FORCE_NO_RECONNECT);
    else send(connection!, (out) => writeDisconnectPush(out, DISCONNECTS.FORCE_NO_RECONNECT));
    assertEquals((await ended).code, 3503);
  });
}

Deno.test("centrifuge client: with deltas, a whole publication is a string, and is understood", async () => {
  await using peer = await startWebSocketPeer(answer);
  const client = peer.client();
  const sub = client.newSubscription("news", { delta: "fossil" });
  const data: unknown[] = [];
  sub.on("publication", (context) => data.push(context.data));
  sub.subscribe();
  client.connect();
  await sub.ready();
  const [connection] = peer.connections;
  const push = (offset: number, publication: Publication) => (out: ByteBuffer) =>
    writePublicationPush(out, numberOf("news"), { offset, fields: fieldsOf(publication) });
  send(
    connection!,
    push(1, { data: json({ price: 10, "é": 1 }), dataFormat: "whole" }),
    push(2, { data: json({ price: 11, "é": 1 }), dataFormat: "whole" }),
  );
  await waitFor(() => data.length === 2, { what: "the publications" });
  assertEquals(data, [{ price: 10, "é": 1 }, { price: 11, "é": 1 }]);
});

Deno.test("centrifuge client: without a reason in the close frame it comes back after any code", async () => {
  await using peer = await startWebSocketPeer(answer);
  const client = peer.client({ minReconnectDelay: 10, maxReconnectDelay: 20 });
  client.connect();
  await client.ready();
  const [connection] = peer.connections;
  connection!.close({ code: DISCONNECTS.INVALID_TOKEN.code, reason: "" });
  const connects = () => commandsOf(peer).filter((name) => name === "connect").length;
  await waitFor(() => connects() === 2, { what: "a second connection" });
});

Deno.test("centrifuge client: refreshes, and positions of server-side subscriptions on coming back", async () => {
  const position = { offset: 3, epoch: "e" };
  await using peer = await startWebSocketPeer((command, connection) => {
    if (command.name === "connect") {
      const subs = new Map([["personal:é", { recoverable: true, position }]]);
      const result = { client: "c1", version: "0.1", ping: 25, pong: true, ttl: 1, subs };
      send(connection, (out) => writeConnectResult(out, command.id, result));
    } else if (command.name === "subscribe") {
      send(connection, (out) => writeSubscribeResult(out, command.id, { ttl: 1 }));
    } else answer(command, connection);
  });
  const getToken = () => Promise.resolve("new-token");
  const client = peer.client({ minReconnectDelay: 10, maxReconnectDelay: 20, getToken });
  const sub = client.newSubscription("news", { getToken });
  sub.subscribe();
  client.connect();
  const has = (name: string) => commandsOf(peer).includes(name);
  await waitFor(() => has("refresh") && has("sub_refresh"), { what: "the refreshes" });
  for (const connection of peer.connections) {
    send(connection, (out) => writeDisconnectPush(out, DISCONNECTS.SHUTDOWN));
  }
  const connects = () =>
    peer.received.filter(({ command }) => command.name === "connect")
      .map(({ command }) => asWritten(command));
  await waitFor(() => connects().length === 2, { what: "the second connection" });
  const subs = { "personal:é": { recover: true, ...position } };
  assertEquals((connects()[1] as { connect: { subs: unknown } }).connect.subs, subs);
  for (const { line, command } of peer.received) {
    assertEquals(asWritten(command), JSON.parse(line), line);
  }
});
