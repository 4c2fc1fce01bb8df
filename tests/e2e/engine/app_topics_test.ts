/**
 * Two servers with apps that share an engine: a topic of the apps is one channel on both.
 */

import { assertEquals } from "@std/assert";
import { APP } from "../../../runtime/config/mod.ts";
import { ChannelServer, OPEN_CHANNELS } from "../../support/channel_server.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { REPOSITORY } from "../../support/server.ts";
import { waitFor } from "../../support/wait_for.ts";
import { WsClient } from "../../support/ws_client.ts";

const FILE = new URL("tests/support/apps/sockets.js", REPOSITORY).pathname;
/** Enough that each of two workers has some. */
const SOCKETS = 6;
const ROUNDS = 10;

/** A server with the app, on an engine. */
function node(engine: TestEngine): Promise<ChannelServer> {
  return ChannelServer.start({ ...OPEN_CHANNELS, engine: engineConfig(engine) }, {
    app: { ...APP, file: FILE },
  });
}

/** A socket of the app that is subscribed. */
async function subscribed(server: ChannelServer, topic: string): Promise<WsClient> {
  const client = await WsClient.open(`${server.httpUrl.replace("http", "ws")}/ws?name=ann`);
  await client.nextText();
  await ask(client, `ws.subscribe("${topic}")`);
  return client;
}

async function ask(client: WsClient, expression: string): Promise<unknown> {
  client.send(expression);
  return JSON.parse(await client.nextText()).value;
}

for (const { name, ignore, reason, start } of ENGINES) {
  Deno.test({
    name: `app topics: they reach the sockets of another server, in one order (${name})${reason}`,
    ignore,
    async fn() {
      await using engine = await start();
      await using first = await node(engine);
      await using second = await node(engine);
      const clients: WsClient[] = [];
      try {
        for (const server of [first, second]) {
          for (let i = 0; i < SOCKETS; i++) clients.push(await subscribed(server, "chat:room"));
        }
        const [publisher, ...others] = clients;
        // What a socket publishes comes to all but itself; what a server publishes, to all.
        assertEquals(await ask(publisher!, 'ws.publish("chat:room", "hello")'), 5);
        for (const client of others) assertEquals(await client.nextText(), "hello");
        const wanted: string[] = [];
        for (let i = 0; i < ROUNDS; i++) {
          const { httpUrl } = [first, second][i % 2]!;
          const data = `${i} of ${httpUrl}`;
          wanted.push(data);
          const path = `/publish?topic=chat:room&data=${encodeURIComponent(data)}`;
          assertEquals(await (await fetch(httpUrl + path)).text(), `${data.length}`);
          // The next one is published by the other server, which might be earlier at the engine.
          await waitFor(() => others[0]!.waiting > i, { what: data });
        }
        for (const client of clients) {
          for (const data of wanted) assertEquals(await client.nextText(), data);
        }
      } finally {
        for (const client of clients) await client[Symbol.asyncDispose]();
      }
    },
  });
}
