/**
 * Compression of an app's WebSockets: the argument `compress`, publications, and `perMessageDeflate: false`.
 *
 * As Bun 1.4.5 does it: what is sent is compressed only if the argument is true, what the server publishes always is.
 */

import { assertEquals } from "@std/assert";
import { appFile } from "../../support/app_server.ts";
import { DeflateClient } from "../../support/deflate_client.ts";
import { type Server, withServer } from "../../support/server.ts";

function withApp(name: string, body: (server: Server) => Promise<void>): Promise<void> {
  const args = ["--app", appFile(name), "--websocket-compression"];
  return withServer({ workers: 1, args }, body);
}

/** Length and compression of the next message. */
async function shape(client: DeflateClient): Promise<[number, boolean]> {
  const { data, compressed } = await client.next();
  return [data.length, compressed];
}

Deno.test("app compression: a message is compressed if the app asks for it, and it is long enough", () =>
  withApp("sockets.js", async (server) => {
    await using client = await DeflateClient.open(`${server.wsUrl}/ws?name=ann`);
    assertEquals(client.extensions, "permessage-deflate");
    await client.next();
    const rows: [expression: string, length: number, compressed: boolean][] = [
      ['ws.send("x".repeat(1000))', 1000, false],
      ['ws.send("x".repeat(1000), true)', 1000, true],
      ['ws.send("x".repeat(1000), false)', 1000, false],
      ['ws.send("x".repeat(255), true)', 255, false],
      ['ws.send("x".repeat(100000), true)', 100_000, true],
      ['ws.sendText("é".repeat(500), true)', 1000, true],
      ['ws.sendText("é".repeat(500))', 1000, false],
      ["ws.sendBinary(new Uint8Array(700), true)", 700, true],
      ["ws.sendBinary(new Uint8Array(700))", 700, false],
      ["ws.send(new Uint8Array(700), true)", 700, true],
    ];
    for (const [expression, length, compressed] of rows) {
      client.send(expression);
      assertEquals(await shape(client), [length, compressed], expression);
      // What the call has returned: the bytes of the message, whether they are compressed or not.
      assertEquals(JSON.parse(await client.nextText()).value, length);
    }
  }));

Deno.test("app compression: a publication is compressed for those that negotiated it", () =>
  withApp("sockets.js", async (server) => {
    await using client = await DeflateClient.open(`${server.wsUrl}/ws?name=ann`);
    await using plain = await DeflateClient.open(`${server.wsUrl}/ws?name=bob`, false);
    await using sender = await DeflateClient.open(`${server.wsUrl}/ws?name=eve`);
    for (const one of [client, plain, sender]) await one.next();
    for (const one of [client, plain]) {
      one.send('ws.subscribe("news")');
      await one.next();
    }
    sender.send('ws.publish("news", "y".repeat(5000))');
    assertEquals(await shape(client), [5000, true]);
    assertEquals(await shape(plain), [5000, false]);
  }));

Deno.test("app compression: perMessageDeflate: false declines it", () =>
  withApp("uncompressed.js", async (server) => {
    await using client = await DeflateClient.open(server.wsUrl);
    assertEquals(client.extensions, "");
    client.send("z".repeat(1000));
    assertEquals(await shape(client), [1000, false]);
  }));
