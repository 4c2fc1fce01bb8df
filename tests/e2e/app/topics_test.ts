/**
 * The topics of an app are channels: on all workers, in one order, for sockets of the app, clients of channels, streams and the HTTP API.
 */

import { assert, assertEquals } from "@std/assert";
import { APP } from "../../../runtime/config/mod.ts";
import { Backend } from "../../support/channel_backend.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { fetchStream } from "../../support/plain_stream.ts";
import { REPOSITORY, waitFor, withServer } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";
import "../../support/load_libc.ts";

const FILE = new URL("tests/support/apps/sockets.js", REPOSITORY).pathname;
const TEXTS = new TextDecoder("utf-8", { ignoreBOM: true });
/** Enough that each of two workers has some. */
const SOCKETS = 12;

async function open(wsUrl: string, expressions: readonly string[] = []): Promise<WsClient> {
  const client = await WsClient.open(`${wsUrl}/ws?name=ann`);
  await client.nextText();
  for (const expression of expressions) await ask(client, expression);
  return client;
}

async function ask(client: WsClient, expression: string): Promise<unknown> {
  client.send(expression);
  return JSON.parse(await client.nextText()).value;
}

async function get(url: string, path: string): Promise<string> {
  const response = await fetch(url + path, { headers: { Connection: "close" } });
  return await response.text();
}

async function all(clients: readonly WsClient[], next: (client: WsClient) => Promise<unknown>) {
  return await Promise.all(clients.map(next));
}

const payload = async (client: WsClient) => {
  const { data, binary } = await client.next();
  return binary ? [...data] : TEXTS.decode(data);
};

Deno.test("app topics: without [channels] they reach all workers, to the byte, and not who has published", async () => {
  await withServer({ workers: 2, args: ["--app", FILE] }, async ({ url, wsUrl }) => {
    const clients: WsClient[] = [];
    try {
      for (let i = 0; i < SOCKETS; i++) clients.push(await open(wsUrl, ['ws.subscribe("room")']));
      assertEquals(await get(url, "/count?topic=room"), String(SOCKETS));
      const [publisher, ...others] = clients;
      const rows: [expression: string, length: number, got: unknown][] = [
        ['"hello"', 5, "hello"],
        ['"{\\"a\\":\\n1.0}"', 10, '{"a":\n1.0}'],
        ['""', 0, ""],
        ["new Uint8Array([0, 128, 255])", 3, [0, 128, 255]],
        ['"\\ufeffé"', 5, "\ufeffé"],
        ['"x".repeat(70000)', 70_000, "x".repeat(70_000)],
      ];
      for (const [expression, length, got] of rows) {
        assertEquals(await ask(publisher!, `ws.publish("room", ${expression})`), length);
        assertEquals(await all(others, payload), others.map(() => got));
      }
      assertEquals(publisher!.waiting, 0);
      // That of the server reaches it too.
      assertEquals(await get(url, "/publish?topic=room&data=all"), "3");
      assertEquals(await all(clients, payload), clients.map(() => "all"));
      assertEquals(await get(url, "/publish-bytes?topic=room"), "2");
      assertEquals(await all(clients, payload), clients.map(() => [0, 255]));
      // Who has left gets nothing more.
      assertEquals(await ask(publisher!, 'ws.unsubscribe("room")'), true);
      assertEquals(await get(url, "/publish?topic=room&data=rest"), "4");
      assertEquals(await all(others, payload), others.map(() => "rest"));
      assertEquals(publisher!.waiting, 0);
      assertEquals(await get(url, "/publish?topic=nobody&data=x"), "0");
      assertEquals(
        await ask(publisher!, 'ws.publish("room", "x".repeat(16_000_000))'),
        "RangeError",
      );
      // There are no endpoints for clients.
      for (const path of ["/connection/websocket", "/channels/sse?channel=room", "/api/info"]) {
        const response = await fetch(url + path);
        assertEquals(response.status, 404, path);
        await response.body?.cancel();
      }
    } finally {
      for (const client of clients) await client[Symbol.asyncDispose]();
    }
  });
});

Deno.test("app topics: many publish at once, and each gets all but its own, in one order", async () => {
  const rounds = 40;
  await withServer({ workers: 2, args: ["--app", FILE] }, async ({ wsUrl }) => {
    const clients: WsClient[] = [];
    try {
      for (let i = 0; i < SOCKETS; i++) clients.push(await open(wsUrl, ['ws.subscribe("room")']));
      clients.forEach((client, i) => {
        client.send(
          `(() => { for (let n = 0; n < ${rounds}; n++) ws.publish("room", ${i} + ":" + n); })()`,
        );
      });
      const orders: string[][] = await Promise.all(clients.map(async (client) => {
        const got: string[] = [];
        while (got.length < (SOCKETS - 1) * rounds) {
          const text = await client.nextText();
          if (!text.startsWith("{")) got.push(text);
        }
        return got;
      }));
      // The longest common order is that of all; each misses its own alone.
      const position = new Map<string, number>();
      const whole = [...orders[0]!];
      for (const [i, order] of orders.entries()) {
        assertEquals(new Set(order).size, (SOCKETS - 1) * rounds);
        assert(!order.some((text) => text.startsWith(`${i}:`)), `${i} has got its own`);
      }
      whole.forEach((text, at) => position.set(text, at));
      for (const order of orders.slice(1)) {
        const places = order.filter((text) => position.has(text)).map((text) =>
          position.get(text)!
        );
        assertEquals(places, [...places].sort((a, b) => a - b));
      }
    } finally {
      for (const client of clients) await client[Symbol.asyncDispose]();
    }
  });
});

Deno.test("app topics: clients of channels, streams and the HTTP API see them as JSON, and the app sees theirs", async () => {
  await using backend = await Backend.start({}, { app: { ...APP, file: FILE } });
  const { server } = backend;
  const wsUrl = server.httpUrl.replace("http", "ws");
  await using socket = await open(wsUrl, ['ws.subscribe("chat:lobby")']);
  const client = server.client();
  await connected(client);
  const lobby = await subscribe(client, "chat:lobby");
  await using stream = await fetchStream(`${server.httpUrl}/channels/sse?channel=chat:lobby`);
  await waitFor(() => stream.seen.lastEventId !== "", { what: "the beginning of the stream" });

  // Each publication of a socket that is subscribed itself reaches the two others.
  assertEquals(
    await ask(socket, `ws.publish("chat:lobby", '{"big":12345678901234567890,\\n"x":1.0}')`),
    37,
  );
  assertEquals(await ask(socket, 'ws.publish("chat:lobby", "plain")'), 5);
  assertEquals(await ask(socket, 'ws.publish("chat:lobby", new Uint8Array([1, 2, 255]))'), 3);
  await client.centrifuge.publish("chat:lobby", { from: "client" });
  assertEquals(await payload(socket), '{"from":"client"}');
  await backend.ask("publish", { channel: "chat:lobby", data: { from: "api" } });
  assertEquals(await payload(socket), '{"from":"api"}');

  const seen = [
    { big: 12345678901234567000, x: 1 },
    "plain",
    "AQL/",
    { from: "client" },
    { from: "api" },
  ];
  await waitFor(() => lobby.data.length === 5, { what: "five publications" });
  assertEquals(lobby.data, seen);
  assertEquals(lobby.offsets, [1, 2, 3, 4, 5]);
  await waitFor(() => stream.seen.events.length === 5, { what: "five events" });
  assertEquals(stream.seen.events.map(({ data }) => JSON.parse(data).data), seen);
  const { publications, epoch } = await backend.ask("history", {
    channel: "chat:lobby",
    limit: 10,
  });
  assertEquals(publications.map(({ data }: { data: unknown }) => data), seen);
  const raw = await fetch(`${server.httpUrl}/channels/history?channel=chat:lobby&limit=1`);
  const text = await raw.text();
  assert(text.includes('"data":{"big":12345678901234567890,"x":1.0}'), text);
  // Recovered, too: a line break would end the message of the protocol.
  const late = server.client();
  await connected(late);
  const since = { offset: 0, epoch };
  const recovered = await subscribe(late, "chat:lobby", { since, recoverable: true });
  await waitFor(() => recovered.data.length === 5, {
    what: () => `what was recovered: ${JSON.stringify(recovered)}`,
  });
  assertEquals(recovered.data, seen);
});

Deno.test("app topics: publishToSelf", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const file = `${folder}/app.js`;
  await Deno.writeTextFile(
    file,
    `export default {
      fetch: (request, server) => void server.upgrade(request),
      websocket: {
        publishToSelf: true,
        open: (ws) => void ws.subscribe("t"),
        message: (ws, text) => void ws.publish("t", text + "!"),
      },
    };`,
  );
  try {
    await withServer({ workers: 1, args: ["--app", file] }, async ({ wsUrl }) => {
      await using client = await WsClient.open(`${wsUrl}/`);
      client.send("me");
      assertEquals(await client.nextText(), "me!");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("app topics: sockets that are closed are subscribed no more, and may publish", async () => {
  await withServer({ workers: 2, args: ["--app", FILE] }, async ({ url, wsUrl }) => {
    const clients: WsClient[] = [];
    for (let i = 0; i < SOCKETS; i++) clients.push(await open(wsUrl, ['ws.subscribe("room")']));
    for (const client of clients.slice(0, SOCKETS / 2)) await client.close();
    await waitFor(async () => await get(url, "/count?topic=room") === String(SOCKETS / 2), {
      what: "the sockets to leave",
    });
    assertEquals(await get(url, "/publish?topic=room&data=x"), "1");
    const rest = clients.slice(SOCKETS / 2);
    assertEquals(await all(rest, payload), rest.map(() => "x"));
    // As in Bun.
    await ask(rest[0]!, 'ws.subscribe("gone")');
    const leaving = await WsClient.open(`${wsUrl}/ws?name=tells`);
    await leaving.nextText();
    leaving.send('(ws.close(), ws.publish("gone", "after close"))');
    assertEquals([await payload(rest[0]!), await payload(rest[0]!)], ["after close", "in close"]);
    await leaving[Symbol.asyncDispose]();
    for (const client of rest) await client[Symbol.asyncDispose]();
  });
});
