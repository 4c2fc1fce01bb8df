/**
 * Subscribers of one channel with and without permessage-deflate, with several windows, on two workers: all get the same
 * publications in one order, and those that negotiated it get the long ones compressed.
 */

import { assert, assertEquals } from "@std/assert";
import { Backend } from "../../support/channel_backend.ts";
import { DeflateClient, type DeflateOptions } from "../../support/deflate_client.ts";
import "../../support/load_libc.ts";

const COUNT = 300;
const KINDS: readonly (boolean | DeflateOptions)[] = [
  true,
  false,
  { serverMaxWindowBits: 10, threshold: 0 },
  { serverMaxWindowBits: 8, clientMaxWindowBits: 8 },
];
/** Of each kind, so that they are on both workers. */
const EACH = 4;

/** Publications of every length around the threshold, and some long ones. */
function dataOf(n: number): string {
  return `${n} ${"lorem ipsum ".repeat(1000).slice(0, n % 17 === 0 ? 9000 : n)}`;
}

async function subscribed(url: string, options: boolean | DeflateOptions): Promise<DeflateClient> {
  const client = await DeflateClient.open(url, options);
  client.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat:room"}}');
  for (let answers = 0; answers < 2;) {
    const text = await client.nextText();
    answers += text.split("\n").filter((line) => line.includes('"id":')).length;
    assert(!text.includes('"error"'), text);
  }
  return client;
}

/** What a subscriber got, until it has all. */
async function readAll(client: DeflateClient) {
  const data: string[] = [];
  let [compressed, long] = [0, 0];
  while (data.length < COUNT) {
    const message = await client.next();
    if (message.data.length >= 256) long++;
    if (message.compressed) compressed++;
    for (const line of new TextDecoder().decode(message.data).split("\n")) {
      const { push } = JSON.parse(line);
      if (push?.pub) data.push(push.pub.data);
    }
  }
  return { data, compressed, long };
}

Deno.test("channels: subscribers with and without compression get the same, in one order", async () => {
  await using backend = await Backend.start({}, { websocketCompression: true });
  const clients: DeflateClient[] = [];
  try {
    const opened = KINDS.flatMap((kind) => new Array(EACH).fill(kind)).map((kind) =>
      subscribed(backend.server.url, kind)
    );
    clients.push(...await Promise.all(opened));
    const reading = clients.map(readAll);
    for (let n = 0; n < COUNT; n++) await backend.publish("chat:room", dataOf(n));
    const results = await Promise.all(reading);
    const expected = Array.from({ length: COUNT }, (_, n) => dataOf(n));
    results.forEach(({ data, compressed, long }, i) => {
      assertEquals(data, expected);
      assert(long > 0);
      const isPlain = KINDS[Math.floor(i / EACH)] === false;
      assertEquals(compressed, isPlain ? 0 : long);
    });
    const plain = clients[EACH]!.bytesRead;
    assert(clients[0]!.bytesRead < plain / 3, `${clients[0]!.bytesRead} of ${plain} bytes`);
  } finally {
    for (const client of clients) await client[Symbol.asyncDispose]();
  }
});
