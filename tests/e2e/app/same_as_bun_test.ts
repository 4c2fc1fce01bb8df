/**
 * Samples with WebSockets: what their clients see here, and the same under Bun if there is one.
 */

import { assertEquals } from "@std/assert";
import { BUN, withBun } from "../../support/bun.ts";
import { REPOSITORY, waitFor, withServer } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";

interface Served {
  readonly url: string;
  readonly wsUrl: string;
}

/** What clients of docs/samples/chat.ts see. */
async function chat({ url, wsUrl }: Served): Promise<unknown[]> {
  await using ann = await WsClient.open(`${wsUrl}/room/one?user=ann`);
  const seen: unknown[] = [await ann.nextText()];
  await using bob = await WsClient.open(`${wsUrl}/room/one?user=bob`);
  await using eve = await WsClient.open(`${wsUrl}/room/two?user=eve`);
  seen.push(await bob.nextText(), await eve.nextText(), await ann.nextText());
  ann.send("hello");
  seen.push(await ann.nextText(), await bob.nextText());
  eve.send('{"json": 1}');
  seen.push(await eve.nextText());
  await bob.close(1000);
  seen.push(await ann.nextText());
  seen.push([ann.waiting, eve.waiting]);
  for (const path of ["/", "/room/one"]) {
    const response = await fetch(url + path);
    seen.push([response.status, await response.text()]);
  }
  return seen;
}

/** What a client of docs/samples/echo.ts gets back: a digest of all of it, in order. */
async function echo({ wsUrl }: Served): Promise<unknown[]> {
  await using client = await WsClient.open(`${wsUrl}/`);
  const count = 400;
  for (let i = 0; i < count; i++) {
    client.send(i % 2 === 0 ? `${i}:${"x".repeat(i * 100)}` : new Uint8Array(i * 100).fill(i));
  }
  await waitFor(() => client.waiting === count, { what: () => `${client.waiting} echoes` });
  const seen: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const { data, binary } = await client.next();
    seen.push([binary, data.length, data[0] ?? null, data.at(-1) ?? null]);
  }
  return seen;
}

const SAMPLES: readonly (readonly [file: string, look: (server: Served) => Promise<unknown[]>])[] =
  [
    ["docs/samples/chat.ts", chat],
    ["docs/samples/echo.ts", echo],
  ];

const CHAT = [
  "welcome to one, ann",
  "welcome to one, bob",
  "welcome to two, eve",
  "bob has come",
  "ann: hello",
  "ann: hello",
  'eve: {"json": 1}',
  "bob has left",
  [0, 0],
  [404, "open a WebSocket at /room/NAME\n"],
  [426, "a WebSocket is needed\n"],
];

for (const [path, look] of SAMPLES) {
  const file = new URL(path, REPOSITORY).pathname;
  const also = BUN === undefined ? "" : ", as under Bun";
  Deno.test(`app samples: ${path}, on two workers${also}`, async () => {
    let here: unknown[] = [];
    await withServer({ workers: 2, args: ["--app", file] }, async (server) => {
      here = await look(server);
    });
    if (look === chat) assertEquals(here, CHAT);
    if (BUN !== undefined) {
      await withBun(file, async (server) => assertEquals(here, await look(server)));
    }
  });
}
