/**
 * WebSockets of an app whose client does not read: what waits is bounded by `--max-queued`, the app is told by what `send` returns and by
 * `drain`, and nothing that was accepted is lost.
 */

import { assert, assertEquals } from "@std/assert";
import { NodeSocket } from "../../support/node_socket.ts";
import { OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";
import { REPOSITORY, type Server, waitFor, withServer } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";

const SOCKETS = new URL("tests/support/apps/sockets.js", REPOSITORY).pathname;
const DENO_SOCKETS = new URL("tests/support/apps/deno_sockets.js", REPOSITORY).pathname;
const TEXTS = new TextDecoder();
/** Bytes of a message; the kernel takes some megabytes of them. */
const LENGTH = 60_000;
/** Less than `--max-queued`: over Deno's sockets, what is published in one turn waits together. */
const BURST = 2;
/** Sends until one is dropped, and remembers what send has returned. */
const FILL = `(() => {
  const results = [];
  for (let i = 0; i < 2000 && results.at(-1) !== 0; i++) {
    results.push(ws.send(i + ":" + "x".repeat(${LENGTH})));
  }
  trace.push([ws.data.name, "sent", results, ws.getBufferedAmount()]);
})()`;

/** A client that can stop reading. */
class SlowClient {
  readonly texts: string[] = [];
  readonly closed: Promise<number>;
  readonly #socket: NodeSocket;

  private constructor(socket: NodeSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.texts.push(TEXTS.decode(data)));
    this.closed = new Promise((resolve) => socket.on("close", (code) => resolve(code)));
  }

  static async open(url: string): Promise<SlowClient> {
    const client = new SlowClient(new NodeSocket(url));
    await waitFor(() => client.texts.length > 0, { what: "the greeting" });
    client.texts.length = 0;
    return client;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async end(): Promise<void> {
    this.#socket.resume();
    this.#socket.terminate();
    await this.closed;
  }
}

async function traceOf({ url }: Server, name: string, what: string): Promise<unknown[]> {
  let found: unknown[] | undefined;
  await waitFor(async () => {
    const all: unknown[][] = await (await fetch(`${url}/trace`)).json();
    found = all.find((one) => one[0] === name && one[1] === what);
    return found !== undefined;
  }, { what: `${what} of ${name}` });
  return found!;
}

function withApp(file: string, body: (server: Server) => Promise<void>, more: string[] = []) {
  return withServer({ workers: 1, args: ["--app", file, "--max-queued", "256KiB", ...more] }, body);
}

Deno.test("app backpressure: send says what is queued and what is dropped, drain is called, and what was accepted arrives", async () => {
  await withApp(SOCKETS, async (server) => {
    const slow = await SlowClient.open(`${server.wsUrl}/ws?name=slow`);
    slow.pause();
    slow.send(FILL);
    const [, , results, buffered] = await traceOf(server, "slow", "sent") as [
      string,
      string,
      number[],
      number,
    ];
    const dropped = results.indexOf(0);
    const queued = results.indexOf(-1);
    assert(queued > 0 && dropped > queued, `${results}`);
    assertEquals(
      results.slice(0, queued),
      results.slice(0, queued).map((_, i) => LENGTH + `${i}:`.length),
    );
    assertEquals(results.slice(queued), [...Array(dropped - queued).fill(-1), 0]);
    // One message above the bound is accepted, as the one below it is judged by what waits then.
    assert(buffered > 256 * 1024 && buffered <= 256 * 1024 + 2 * LENGTH, `${buffered}`);
    slow.resume();
    await traceOf(server, "slow", "drain");
    await waitFor(() => slow.texts.length >= dropped, { what: "the messages" });
    slow.send("1");
    await waitFor(() => slow.texts.at(-1) === '{"value":1}', { what: "an answer" });
    // The answer to FILL itself was dropped, too.
    assertEquals(slow.texts.length, dropped + 1);
    for (let i = 0; i < dropped; i++) assertEquals(slow.texts[i], `${i}:${"x".repeat(LENGTH)}`);
    await slow.end();
  });
});

Deno.test("app backpressure: a slow subscriber misses what does not fit, and the others get everything", async () => {
  await withApp(SOCKETS, async (server) => {
    const slow = await SlowClient.open(`${server.wsUrl}/ws?name=slow`);
    await using quick = await WsClient.open(`${server.wsUrl}/ws?name=quick`);
    await quick.nextText();
    await using publisher = await WsClient.open(`${server.wsUrl}/ws?name=publisher`);
    await publisher.nextText();
    slow.send('ws.subscribe("room")');
    quick.send('ws.subscribe("room")');
    assertEquals(await quick.nextText(), '{"value":true}');
    await waitFor(() => slow.texts.length > 0, { what: "the subscription" });
    slow.texts.length = 0;
    slow.pause();
    const count = 400;
    for (let i = 0; i < count; i += BURST) {
      publisher.send(`(() => {
        for (let i = ${i}; i < ${
        i + BURST
      }; i++) ws.publish("room", i + ":" + "x".repeat(${LENGTH}));
      })()`);
      await publisher.nextText();
      for (let j = i; j < i + BURST; j++) assertEquals(parseInt(await quick.nextText()), j);
    }
    slow.resume();
    // It is subscribed still.
    await waitFor(async () => {
      await (await fetch(`${server.url}/publish?topic=room&data=999:last`)).text();
      return slow.texts.at(-1) === "999:last";
    }, { what: "the last one" });
    const numbers = slow.texts.map((text) => parseInt(text)).filter((number) => number < 999);
    assert(numbers.length > 10 && numbers.length < count, `${numbers.length} have arrived`);
    assertEquals(numbers, [...new Set(numbers)].sort((a, b) => a - b));
    await slow.end();
  });
});

Deno.test("app backpressure: with closeOnBackpressureLimit the connection ends instead", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const file = `${folder}/app.mjs`;
  await Deno.writeTextFile(
    file,
    (await Deno.readTextFile(SOCKETS)).replace(
      "websocket: {",
      "websocket: { closeOnBackpressureLimit: true,",
    ),
  );
  try {
    await withApp(file, async (server) => {
      const slow = await SlowClient.open(`${server.wsUrl}/ws?name=slow`);
      slow.pause();
      slow.send(FILL);
      const [, code] = await traceOf(server, "slow", "sent").then(async () => {
        let closed: unknown[] = [];
        await waitFor(async () => {
          const all: unknown[][] = await (await fetch(`${server.url}/trace`)).json();
          closed = all.find((one) => one[0] === "slow" && typeof one[1] === "number") ?? [];
          return closed.length > 0;
        }, { what: "the end" });
        return closed;
      });
      assertEquals(code, 1006);
      await slow.end();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("app backpressure: nothing is read from a client that does not read, and every answer arrives", async () => {
  await withApp(SOCKETS, async (server) => {
    const slow = await SlowClient.open(`${server.wsUrl}/ws?name=slow`);
    slow.pause();
    const count = 300;
    for (let i = 0; i < count; i++) slow.send(`${i} + ":" + "y".repeat(${LENGTH})`);
    await using other = await WsClient.open(`${server.wsUrl}/ws?name=other`);
    await other.nextText();
    other.send("1");
    assertEquals(await other.nextText(), '{"value":1}');
    slow.resume();
    await waitFor(() => slow.texts.length === count, {
      what: () => `${slow.texts.length} answers`,
    });
    slow.texts.forEach((text, i) => assertEquals(text.length, `{"value":"${i}:"}`.length + LENGTH));
    await slow.end();
  });
});

Deno.test("app backpressure: a socket of Deno.upgradeWebSocket tells by bufferedAmount, and ends above the bound", async () => {
  await withApp(DENO_SOCKETS, async (server) => {
    const slow = await SlowClient.open(`${server.wsUrl}/?name=slow`);
    slow.pause();
    slow.send(`(() => {
      for (let i = 0; i < 2000 && socket.bufferedAmount < 100_000; i++) socket.send("x".repeat(${LENGTH}));
      const before = socket.bufferedAmount;
      for (let i = 0; i < 2000 && socket.readyState === 1; i++) socket.send("x".repeat(${LENGTH}));
      return new Promise((resolve) => setTimeout(resolve, 1)).then(() => before);
    })()`);
    const all = await traceOf(server, "slow", "close");
    assertEquals(all.slice(1), ["close", 1006, "", false, 3]);
    await traceOf(server, "slow", "error");
    await slow.end();
  });
});

Deno.test("app backpressure: a client that is gone while a handler sends to it, or while one waits", async () => {
  await withApp(SOCKETS, async (server) => {
    for (let i = 0; i < 5; i++) {
      const name = `gone${i}`;
      const socket = await RawWebSocket.open(server, `/ws?name=${name}`);
      await socket.frame();
      // The kernel answers with a reset to what is sent after the close, as the greeting's successors are not read.
      await socket.send({ opcode: OPCODE.text, payload: new TextEncoder().encode(FILL) });
      socket[Symbol.dispose]();
      const [, , results] = await traceOf(server, name, "sent") as [string, string, number[]];
      assert(results.every((result) => result === 0 || result === -1 || result > LENGTH));
    }
    const waits = await RawWebSocket.open(server, "/ws?name=waits");
    await waits.frame();
    const wait =
      "wait(100).then(() => trace.push(['waits', 'sent', ws.send('late'), ws.readyState]))";
    await waits.send({ opcode: OPCODE.text, payload: new TextEncoder().encode(wait) });
    waits[Symbol.dispose]();
    await traceOf(server, "waits", "sent");
    await using other = await WsClient.open(`${server.wsUrl}/ws?name=other`);
    await other.nextText();
    other.send("1");
    assertEquals(await other.nextText(), '{"value":1}');
    // Each close is told once.
    await waitFor(async () => {
      const all: unknown[][] = await (await fetch(`${server.url}/trace`)).json();
      const closed = all.filter(([, code]) => typeof code === "number").map(([name]) => name);
      assertEquals(new Set(closed).size, closed.length);
      return closed.length === 6;
    }, { what: "six ends" });
  });
});
