/**
 * `Deno.upgradeWebSocket` in an app that was written for `deno serve`: the same app gives the same answers there.
 */

import { assertEquals } from "@std/assert";
import { REPOSITORY, type Server, startServer, waitFor, withServer } from "../../support/server.ts";
import { RawWebSocket } from "../../support/raw_websocket.ts";
import { WsClient } from "../../support/ws_client.ts";

const FILE = new URL("tests/support/apps/deno_sockets.js", REPOSITORY).pathname;

/** A server of the app. */
interface Served {
  readonly url: string;
  readonly wsUrl: string;
}

async function ask(client: WsClient, expression: string): Promise<unknown> {
  client.send(expression);
  return JSON.parse(await client.nextText());
}

async function open({ wsUrl }: Served, name: string, path = "/"): Promise<WsClient> {
  const client = await WsClient.open(`${wsUrl}${path}?name=${name}`);
  assertEquals(await client.nextText(), "open");
  return client;
}

async function traceOf({ url }: Served, name: string, last: string): Promise<unknown[]> {
  let found: unknown[][] = [];
  await waitFor(async () => {
    const all: unknown[][] = await (await fetch(`${url}/trace`)).json();
    found = all.filter(([of]) => of === name).map(([, ...rest]) => rest);
    return found.some(([what]) => what === last);
  }, { what: `${last} of ${name}` });
  return found;
}

/** Everything that a client and the app see, to be compared. */
async function transcript(server: Served): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  {
    await using client = await open(server, "methods");
    const expressions = [
      "[socket.readyState, socket.url, socket.protocol, socket.extensions, socket.binaryType, socket.bufferedAmount]",
      "[socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED, WebSocket.OPEN]",
      "listened",
      "String(socket)",
      "socket.send('a')",
      "(socket.onmessage === null) + ',' + typeof socket.onclose",
      "socket.close(3000, 'x'.repeat(124))",
      "socket.readyState",
      "socket.dispatchEvent(new Event('custom'))",
      "Object.prototype.toString.call(socket)",
    ];
    for (const expression of expressions) {
      client.send(expression);
      const got = [await client.nextText()];
      if (expression.includes("send(")) got.push(await client.nextText());
      seen[expression] = got;
    }
    for (const type of ["blob", "arraybuffer"]) {
      await ask(client, `socket.binaryType = "${type}"`);
      client.send(new Uint8Array([1, 2, 255]));
      seen[type] = await client.nextText();
      const { data, binary } = await client.next();
      seen[`${type} back`] = [[...data], binary];
    }
    client.send(
      "(socket.send(new Blob(['first'])), socket.send('second'), socket.send(new Uint8Array([51])), 4)",
    );
    const order: string[] = [];
    for (let i = 0; i < 4; i++) order.push(await client.nextText());
    seen["order behind a Blob"] = order;
  }
  {
    await using closes = await open(server, "closes");
    closes.send("socket.close(4001, 'bye')");
    seen["closed by the app"] = await closes.closed;
    seen["told of that"] = await traceOf(server, "closes", "close");
    await using plain = await open(server, "plain");
    plain.send("socket.close()");
    seen["closed without a code"] = await plain.closed;
    await using away = await open(server, "away");
    away.send("socket.close(1001)");
    seen["closed with a code of the protocol"] = await away.closed;
    await using left = await open(server, "left");
    seen["closed by the client"] = await left.close(4444, "mine");
    seen["told of the client"] = await traceOf(server, "left", "close");
    const { port, hostname } = new URL(server.url);
    (await RawWebSocket.open({ hostname, port: Number(port) }, "/?name=cut"))[Symbol.dispose]();
    const told = await traceOf(server, "cut", "close");
    // Deno's own server says 0 in place of the Web's 1006, and tells of no error.
    const lost = told.find((one) => Array.isArray(one) && one[0] === "close") as unknown[];
    seen["told of a cut"] = [[0, 1006].includes(lost[1] as number), ...lost.slice(2)];
  }
  {
    await using late = await open(server, "late", "/late");
    seen["after a wait"] = await ask(late, "socket.readyState");
    const chosen = new WebSocket(`${server.wsUrl}/?name=p&protocol=b`, ["a", "b"]);
    await new Promise((resolve) => chosen.onopen = resolve);
    seen["protocol"] = chosen.protocol;
    chosen.close();
    await new Promise((resolve) => chosen.onclose = resolve);
    const none = await fetch(`${server.url}/elsewhere`);
    seen["no handshake"] = [none.status, await none.text()];
  }
  return seen;
}

/** The app under `deno serve`. */
async function withDenoServe(body: (server: Served) => Promise<void>): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["serve", "--no-config", "-A", "--host", "127.0.0.1", "--port", "0", FILE],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  try {
    let text = "";
    for await (const chunk of child.stderr.values({ preventCancel: true })) {
      text += new TextDecoder().decode(chunk);
      if (/127\.0\.0\.1:\d+/.test(text)) break;
    }
    const [address] = /127\.0\.0\.1:\d+/.exec(text)!;
    await body({ url: `http://${address}`, wsUrl: `ws://${address}` });
  } finally {
    child.kill("SIGKILL");
    await Promise.all([child.status, child.stderr.cancel(), child.stdout.cancel()]);
  }
}

Deno.test("Deno.upgradeWebSocket: the same app gives the same answers as under deno serve", async () => {
  let here: unknown;
  await withServer({ workers: 1, args: ["--app", FILE] }, async (server: Server) => {
    here = await transcript(server);
  });
  await withDenoServe(async (server) => assertEquals(here, await transcript(server)));
});

Deno.test("Deno.upgradeWebSocket: an exception in a listener ends neither the worker nor the socket", async () => {
  const server = await startServer({ workers: 1, args: ["--app", FILE] });
  try {
    await using client = await open(server, "throws");
    const listener = "(() => { throw new Error('a listener failed'); })";
    await ask(client, `(socket.addEventListener("message", ${listener}), 1)`);
    assertEquals(await ask(client, "2"), 2);
    assertEquals(await ask(client, "socket.readyState"), 1);
    await waitFor(() => server.stderr.includes("a listener failed"), { what: "the warning" });
    assertEquals((await traceOf(server, "throws", "open")).length, 2);
  } finally {
    await server.stop();
  }
});
