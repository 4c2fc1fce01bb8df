/**
 * The WebSockets of an app, as Bun has them: methods, what they return, and what the handlers are told.
 *
 * The expectations were taken from Bun 1.4.5, which runs the same app: see fixtures/app/web_socket.json.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { NO_NPM, startSample } from "../../support/sample_runners.ts";
import { REPOSITORY, type Server, startServer, waitFor, withServer } from "../../support/server.ts";
import { RawWebSocket } from "../../support/raw_websocket.ts";
import { UpgradeRefused, WsClient } from "../../support/ws_client.ts";

const APP = new URL("tests/support/apps/sockets.js", REPOSITORY).pathname;

interface Row {
  readonly name: string;
  readonly input: string;
  readonly expect: readonly string[];
}

function withApp(body: (server: Server) => Promise<void>, args: readonly string[] = []) {
  return withServer({ workers: 2, args: ["--app", APP, ...args] }, body);
}

/** A client that has got the greeting. */
async function open({ wsUrl }: { readonly wsUrl: string }, path: string): Promise<WsClient> {
  const client = await WsClient.open(`${wsUrl}${path}`);
  await client.nextText();
  return client;
}

async function ask(client: WsClient, expression: string): Promise<unknown> {
  client.send(expression);
  return JSON.parse(await client.nextText()).value;
}

/** What the handlers of all workers were told of a socket. */
async function traceOf({ url }: Server, name: string, least = 1): Promise<unknown[]> {
  const found = new Set<string>();
  await waitFor(async () => {
    const response = await fetch(`${url}/trace`, { headers: { Connection: "close" } });
    const all: unknown[][] = await response.json();
    // Over Deno's sockets, everything waits for a moment.
    const its = all.filter(([of, what]) => of === name && what !== "drain");
    for (const one of its) found.add(JSON.stringify(one.slice(1)));
    return found.size >= least;
  }, { what: `what ${name} was told` });
  return [...found].map((one) => JSON.parse(one));
}

/** Sends each expression of the table to a socket of the app, and compares what comes back. */
async function checkMethods(server: { readonly wsUrl: string }): Promise<void> {
  const text = await Deno.readTextFile(new URL("fixtures/app/web_socket.json", REPOSITORY));
  const rows: Row[] = JSON.parse(text);
  await using client = await open(server, "/ws?name=ann");
  for (const { name, input, expect } of rows) {
    client.send(input);
    const got: string[] = [];
    for (let i = 0; i < expect.length; i++) got.push(await client.nextText());
    assertEquals(got, expect, name);
  }
  assertEquals(client.waiting, 0);
}

Deno.test("app WebSocket: methods return what Bun's return", async () => {
  await withApp(checkMethods);
});

Deno.test({
  name: `app WebSocket: that is what Bun's return${NO_NPM}`,
  ignore: NO_NPM !== "",
  fn: async () => {
    await using bun = await startSample("tests/support/apps/sockets.js", "bun");
    await checkMethods({ wsUrl: bun.url.replace("http", "ws") });
  },
});

Deno.test("app WebSocket: open has data, address, state; binary messages are as binaryType says", async () => {
  await withApp(async (server) => {
    await using client = await WsClient.open(`${server.wsUrl}/ws?name=ann`);
    assertEquals(JSON.parse(await client.nextText()), {
      open: ["ann", "127.0.0.1", 1, "nodebuffer"],
    });
    const rows = [["nodebuffer", "Buffer"], ["uint8array", "Uint8Array"], [
      "arraybuffer",
      "ArrayBuffer",
    ]];
    for (const [type, is] of rows) {
      await ask(client, `(ws.binaryType = "${type}", 1)`);
      client.send(new Uint8Array([1, 2, 255]));
      assertEquals(JSON.parse(await client.nextText()), { is, length: 3 });
      const { data, binary } = await client.next();
      assertEquals([[...data], binary], [[1, 2, 255], true]);
    }
  });
});

Deno.test("app WebSocket: an upgrade after an await, a second one, a chosen protocol, and what is no handshake", async () => {
  await withApp(async (server) => {
    await using late = await WsClient.open(`${server.wsUrl}/late?name=late`);
    assertEquals(JSON.parse(await late.nextText()).open[0], "late");
    assertEquals(await ask(late, "1 + 1"), 2);
    await using twice = await WsClient.open(`${server.wsUrl}/twice?name=twice`);
    assertEquals(JSON.parse(await twice.nextText()).open[0], "twice");
    const chosen = new WebSocket(`${server.wsUrl}/protocol`, ["a", "b"]);
    await new Promise((resolve) => chosen.onopen = resolve);
    assertEquals(chosen.protocol, "b");
    const first = new WebSocket(`${server.wsUrl}/ws?name=p`, ["a", "b"]);
    await new Promise((resolve) => first.onopen = resolve);
    assertEquals(first.protocol, "a");
    for (const socket of [chosen, first]) {
      socket.close();
      await new Promise((resolve) => socket.onclose = resolve);
    }
    const response = await fetch(`${server.url}/ws`);
    assertEquals([response.status, await response.text()], [400, "no handshake"]);
    await assertRejects(() => WsClient.open(`${server.wsUrl}/elsewhere`), UpgradeRefused, "404");
  });
});

Deno.test("app WebSocket: close codes reach the app and the client", async () => {
  await withApp(async (server) => {
    await using closed = await open(server, "/ws?name=closed");
    closed.send('(ws.subscribe("t"), ws.close(4001, "bye"))');
    assertEquals(await closed.closed, { code: 4001, reason: "bye" });
    await using plain = await open(server, "/ws?name=plain");
    plain.send("ws.close()");
    assertEquals(await plain.closed, { code: 1000, reason: "" });
    await using long = await open(server, "/ws?name=long");
    long.send('ws.close(4000, "x".repeat(200))');
    assertEquals(await long.closed, { code: 4000, reason: "x".repeat(123) });
    await using gone = await open(server, "/ws?name=gone");
    gone.send("ws.terminate()");
    assertEquals((await gone.closed).code, 1006);
    await using left = await open(server, "/ws?name=left");
    await left.close(4444, "mine");
    await using silent = await open(server, "/ws?name=silent");
    await silent.close();
    (await RawWebSocket.open(server, "/ws?name=cut"))[Symbol.dispose]();
    const rows: [name: string, code: number, reason: string][] = [
      ["closed", 4001, "bye"],
      ["plain", 1000, ""],
      ["long", 4000, "x".repeat(123)],
      ["gone", 1006, ""],
      ["left", 4444, "mine"],
      ["silent", 1005, ""],
      ["cut", 1006, ""],
    ];
    for (const [name, code, reason] of rows) {
      // State 3, what is sent is dropped, and nothing is subscribed any more.
      assertEquals(await traceOf(server, name), [[code, reason, 3, 0, 0]], name);
    }
  });
});

Deno.test("app WebSocket: pings and pongs reach the app", async () => {
  await withApp(async (server) => {
    await using client = await open(server, "/ws?name=pinged");
    assertEquals(await client.ping("hello"), "hello");
    assertEquals(await ask(client, 'ws.ping("there")'), 5);
    const told = await traceOf(server, "pinged", 2);
    assertEquals(told, [["ping", "Buffer", "hello"], ["pong", "Buffer", "there"]]);
  });
});

Deno.test("app WebSocket: a handler's promise is awaited before the next message of that socket alone", async () => {
  await withApp(async (server) => {
    await using slow = await open(server, "/ws?name=slow");
    await using other = await open(server, "/ws?name=other");
    slow.send("wait(150).then(() => 1)");
    slow.send("2");
    slow.send(new Uint8Array([7]));
    assertEquals(await ask(other, "3"), 3);
    assertEquals(slow.waiting, 0);
    const got = [await slow.nextText(), await slow.nextText(), await slow.nextText()];
    assertEquals(got, ['{"value":1}', '{"value":2}', '{"is":"Buffer","length":1}']);
    // What is sent while open waits is handled after it, and the message is whole.
    await using early = await WsClient.open(`${server.wsUrl}/ws?name=slow-open`);
    early.send(`"${"x".repeat(70_000)}".length`);
    assertEquals(JSON.parse(await early.nextText()).open[0], "slow-open");
    assertEquals(JSON.parse(await early.nextText()).value, 70_000);
  });
});

Deno.test("app WebSocket: an exception of message is logged and the socket goes on; one of open closes with 1011", async () => {
  const server = await startServer({ workers: 2, args: ["--app", APP] });
  try {
    await using client = await open(server, "/ws?name=ann");
    client.send("new Promise((_, reject) => reject(new Error('message failed')))");
    assertEquals(await ask(client, "1"), 1);
    await waitFor(() => server.stderr.includes("message failed"), { what: "the log" });
    // With the stack, for the operator alone.
    await waitFor(() => server.stderr.includes("sockets.js"), { what: "the stack" });
    await using failed = await WsClient.open(`${server.wsUrl}/ws?name=throws`);
    assertEquals((await failed.closed).code, 1011);
    await traceOf(server, "throws");
  } finally {
    // It has said something on standard error.
    await server.stop();
  }
});

Deno.test("app WebSocket: a stop of the server closes with 1001", async () => {
  const server = await startServer({ workers: 2, args: ["--app", APP] });
  const clients: WsClient[] = [];
  for (let i = 0; i < 4; i++) clients.push(await open(server, `/ws?name=${i}`));
  const [exit, ...closes] = await Promise.all([
    server.stop(),
    ...clients.map(({ closed }) => closed),
  ]);
  assertEquals([exit.code, exit.stderr], [0, ""]);
  assertEquals(closes.map(({ code }) => code), [1001, 1001, 1001, 1001]);
});

Deno.test("app WebSocket: foreign origins are refused unless --origin allows them", async () => {
  await withApp(async (server) => {
    const ask = (origin: string) =>
      fetch(`${server.url}/ws`, {
        headers: {
          Origin: origin,
          Upgrade: "websocket",
          Connection: "Upgrade",
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
      });
    const response = await ask("https://evil.example").catch(() => undefined);
    assertEquals(response === undefined || response.status === 400, true);
    await response?.body?.cancel();
  });
});
