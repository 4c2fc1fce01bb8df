/**
 * The scenarios of the seed's test suite, under the names that they have there.
 *
 * The seed ran 28: not every scenario with every number of workers. Here all nine run with all four numbers;
 * a row says with which of them the seed ran it, and which words of `deno task test WORD` choose it
 * (`all` and `multi` choose each). The words are in brackets in the names of the tests.
 *
 * | scenario                 | seed at     | words           | what it does                         |
 * | ------------------------ | ----------- | --------------- | ------------------------------------ |
 * | Basic HTTP               | 2, 4, 8, 16 | http            | the page, 200                        |
 * | Concurrent requests      | 2, 4, 8, 16 | http concurrent | 5 connections at once                |
 * | Stress test              | 2, 4, 8, 16 | http stress     | 10 requests in a row                 |
 * | WebSocket                | 2, 4, 8, 16 | ws              | welcome, then echo                   |
 * | Concurrent WebSocket     | 4, 8, 16    | ws concurrent   | 5 WebSockets at once                 |
 * | WebSocket Stress         | 8, 16       | ws stress       | 20 messages on one connection        |
 * | Browser Simulation       | 4, 8, 16    | browser         | page and assets, WebSocket held 2 s  |
 * | Multiple Browsers        | 8, 16       | browser         | three of these at once               |
 * | Real-time Log Monitoring | 8, 16       | browser         | 5 rounds of both, found in log    |
 *
 * 4 × 4 + 2 × 3 + 3 × 2 = 28. All with one number of workers have one server. The seed accepts 4 of 5; here all 5 must succeed. As in the seed's
 * suite, the port is probed before each scenario, the page opens with `<!doctype html>` in lower
 * case, and a client may leave a keep-alive connection as soon as it has the answer.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hold, type Server, startServer } from "../support/server.ts";
import { connectTo } from "../support/suite_tls.ts";
import { ask, field } from "../support/http_client.ts";
import { WsClient } from "../support/ws_client.ts";

const WORKERS = [2, 4, 8, 16];
const HOLD_MS = 2_000;
const GET_PAGE = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/** One row of the table above. */
interface Scenario {
  name: string;
  seedAt: readonly number[];
  words: string;
  run(server: Server): Promise<void>;
}

const SCENARIOS: readonly Scenario[] = [
  // It counts lines of the log.
  { name: "Real-time Log Monitoring", seedAt: [8, 16], words: "browser", run: logMonitoring },
  { name: "Basic HTTP", seedAt: WORKERS, words: "http", run: basicHttp },
  { name: "Concurrent requests", seedAt: WORKERS, words: "http concurrent", run: concurrentHttp },
  { name: "Stress test", seedAt: WORKERS, words: "http stress", run: stressHttp },
  { name: "WebSocket", seedAt: WORKERS, words: "ws", run: webSocketEcho },
  { name: "Concurrent WebSocket", seedAt: [4, 8, 16], words: "ws concurrent", run: concurrentWs },
  { name: "WebSocket Stress", seedAt: [8, 16], words: "ws stress", run: stressWs },
  { name: "Browser Simulation", seedAt: [4, 8, 16], words: "browser", run: (s) => browser(s, 1) },
  { name: "Multiple Browsers", seedAt: [8, 16], words: "browser", run: multipleBrowsers },
];

/** Each choice of scenarios has the tests that start the server and end it. */
const EVERY_WORD = "[http ws stress browser concurrent]";
/** What they open is closed by another test. */
const SHARED = { sanitizeResources: false, sanitizeOps: false };

for (const workers of WORKERS) {
  let server: Server;

  Deno.test({
    ...SHARED,
    name: `scenario: ${workers} workers - the server starts ${EVERY_WORD}`,
    async fn() {
      server = await startServer({ workers });
    },
  });

  for (const { name, seedAt, words, run } of SCENARIOS) {
    const origin = seedAt.includes(workers) ? "seed" : "not in the seed";
    Deno.test(`scenario: ${workers} workers - ${name} [${words}] (${origin})`, async () => {
      await probe(server);
      await run(server);
    });
  }

  Deno.test({
    ...SHARED,
    name: `scenario: ${workers} workers - the server ends ${EVERY_WORD}`,
    async fn() {
      await server[Symbol.asyncDispose]();
    },
  });
}

Deno.test("scenario: all 28 scenarios of the seed are included", () => {
  const counted = SCENARIOS.reduce((count, { seedAt }) => count + seedAt.length, 0);
  assertEquals(counted, 28);
});

/** What a launcher does to check whether the port is open: connects, and closes without sending. */
async function probe(server: Server): Promise<void> {
  const connection = await connectTo(server);
  connection.close();
}

async function basicHttp(server: Server): Promise<void> {
  const answer = await ask(server, GET_PAGE);
  assertEquals([answer.status, answer.reason], [200, "OK"]);
  assertStringIncludes(answer.text, "<!doctype html>");
  assertEquals(field(answer, "content-type"), "text/html; charset=utf-8");
}

async function concurrentHttp(server: Server): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(server, GET_PAGE)));
  assertEquals(answers.map(({ status }) => status), [200, 200, 200, 200, 200]);
}

async function stressHttp(server: Server): Promise<void> {
  for (let i = 0; i < 10; i++) assertEquals((await ask(server, GET_PAGE)).status, 200);
}

async function webSocketEcho(server: Server): Promise<void> {
  await using client = await WsClient.open(`${server.wsUrl}/term`);
  const welcome = await client.next();
  assert(welcome.binary);
  assertStringIncludes(new TextDecoder().decode(welcome.data), "=== Async Deno Terminal ===");
  await expectEcho(client, "Hello WebSocket!");
  assertEquals((await client.close(1000)).code, 1000);
}

async function concurrentWs(server: Server): Promise<void> {
  await Promise.all(Array.from({ length: 5 }, async (_, i) => {
    await using client = await openAndGreet(`${server.wsUrl}/term`);
    await expectEcho(client, `Test ${i + 1}`);
    assertEquals((await client.close(1000)).code, 1000);
  }));
}

async function stressWs(server: Server): Promise<void> {
  await using client = await openAndGreet(`${server.wsUrl}/term`);
  for (let i = 1; i <= 20; i++) await expectEcho(client, `Message ${i}`);
  assertEquals((await client.close(1000)).code, 1000);
  assertEquals(client.waiting, 0);
}

/** A visit: the page, everything that it refers to, then its WebSocket with a message at the start and at the end. */
async function browser(server: Server, id: number): Promise<void> {
  const page = await (await get(`${server.url}/`)).text();
  const references = [...page.matchAll(/ (?:src|href)="([^"#]+)"/g)].map((match) => match[1]!);
  assert(references.length > 0, "the page refers to no asset");
  await Promise.all(references.map(async (reference) => {
    const asset = await get(new URL(reference, server.url).href);
    assert((await asset.arrayBuffer()).byteLength > 0, reference);
  }));
  await using client = await openAndGreet(`${server.wsUrl}/ws`);
  await expectEcho(client, `Browser ${id} hello`);
  await hold(HOLD_MS);
  await expectEcho(client, `Browser ${id} ping`);
  assertEquals((await client.close(1000)).code, 1000);
}

async function multipleBrowsers(server: Server): Promise<void> {
  await Promise.all([1, 2, 3].map((id) => browser(server, id)));
}

/** Each round is searched in the log while the server runs, because readers use `tail -f`. */
async function logMonitoring(server: Server): Promise<void> {
  for (let round = 1; round <= 5; round++) {
    assertEquals((await ask(server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).status, 200);
    await server.waitForLog("route=/ (index)\n", round);
    await using client = await openAndGreet(`${server.wsUrl}/ws`);
    const message = `Request ${round} test`;
    await expectEcho(client, message);
    assertEquals((await client.close(1000)).code, 1000);
    await server.waitForLog(` recv ${message.length} bytes\n`, round);
    await server.waitForLog(" handshake complete\n", round);
  }
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  assertEquals(response.status, 200, url);
  return response;
}

async function openAndGreet(url: string): Promise<WsClient> {
  const client = await WsClient.open(url);
  assertStringIncludes(await client.nextText(), "=== Async Deno Terminal ===");
  return client;
}

/** On /ws and /term every message comes back as a binary message. */
async function expectEcho(client: WsClient, text: string): Promise<void> {
  client.send(text);
  const { data, binary } = await client.next();
  assertEquals([new TextDecoder().decode(data), binary], [text, true]);
}
