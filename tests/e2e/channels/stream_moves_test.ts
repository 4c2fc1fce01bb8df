/**
 * SIGUSR2 and streams: those of events go on in the new server, between two events, and are told what they have lost; so do clients
 * of the library over SSE and HTTP streams, who publish meanwhile, and are told nothing.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { ChannelClients } from "../../support/channel_clients.ts";
import { EmulatedTalker } from "../../support/emulated_talker.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { Lineage } from "../../support/lineage.ts";
import { begun, fetchStream, type PlainStream } from "../../support/plain_stream.ts";
import { isAlive } from "../../support/process_facts.ts";
import { type Server, waitFor, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { WsClient } from "../../support/ws_client.ts";

const UPGRADES = 2;
/** Of each transport: commands of some reach another worker than their stream's. */
const TALKERS = 2;

/** Publishes in a channel again and again, until all streams have got it. */
async function reach(server: Server, streams: readonly PlainStream[], data: string): Promise<void> {
  await using client = await WsClient.open(`${server.wsUrl}/connection/websocket`);
  client.send('{"id":1,"connect":{}}');
  await client.nextText();
  let id = 1;
  await waitFor(async () => {
    client.send(JSON.stringify({ id: ++id, publish: { channel: "chat", data } }));
    await client.nextText();
    return streams.every(({ seen }) =>
      seen.dataOf("message").some((one: { data: string }) => one.data === data)
    );
  }, { what: `"${data}" in all streams` });
}

/** Clients of the library over both transports. */
async function talkersOf({ port }: Server): Promise<readonly EmulatedTalker[]> {
  const clients = new ChannelClients(port);
  const talkers = (["sse", "http_stream"] as const).flatMap((transport) =>
    Array.from({ length: TALKERS }, (_, i) => {
      const { centrifuge } = clients.streamClient(transport);
      return new EmulatedTalker(centrifuge, "talk", `${transport} ${i}`);
    })
  );
  await Promise.all(talkers.map((talker) => talker.connect()));
  for (const talker of talkers) talker.begin();
  return talkers;
}

/** They have got everything, once and in order, and noticed nothing. */
async function endTalk(talkers: readonly EmulatedTalker[]): Promise<void> {
  await Promise.all(talkers.map((talker) => talker.end()));
  for (const { seen, notes } of talkers) {
    for (const { name, count } of talkers) {
      await waitFor(() => seen.get(name)!.length >= count, { what: "all publications" });
      assertEquals(seen.get(name), Array.from({ length: count }, (_, number) => number));
    }
    assertEquals(notes, []);
  }
  for (const talker of talkers) talker.disconnect();
}

Deno.test({
  name:
    "stream moves: streams and clients over them go on in the new server, chunked and until the close",
  // TLS cannot be moved.
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    const limits = ["--channel-commands", "1000000"];
    const args = ["--channels-insecure", "--upgrade-spread", "60s", ...limits];
    await withServer({ workers: 2, args }, async (server) => {
      using lineage = new Lineage(server);
      const open = (channels: readonly string[]) => {
        const query = new URLSearchParams(channels.map((name) => ["channel", name]));
        return fetchStream(`${server.url}/channels/sse?${query}`);
      };
      const one = () => open(["chat"]);
      const streams = await Promise.all([one(), one(), one(), open(["chat", "other"])]);
      await Promise.all(streams.map(begun));
      using raw = await HttpConnection.open(server);
      await raw.send("GET /channels/sse?channel=chat HTTP/1.0\r\nHost: a\r\n\r\n");
      await reach(server, streams, "before");
      const talkers = await talkersOf(server);
      for (let i = 0; i < UPGRADES; i++) {
        const before = lineage.pid;
        const counts = talkers.map(({ count }) => count);
        await lineage.upgrade();
        // Nothing has stayed there, or it would end after a minute.
        await waitFor(() => !isAlive(before), { what: "the end of the old server" });
        await reach(server, streams, `after ${i}`);
        assertEquals(streams.map((stream) => stream.isOver()), streams.map(() => false));
        await waitFor(() => talkers.every(({ count }, at) => count > counts[at]! + 10), {
          what: () => `commands of all clients, ${talkers.flatMap(({ notes }) => notes)}`,
        });
      }
      await endTalk(talkers);
      await lineage.stop();
      await waitFor(() => streams.every((stream) => stream.isOver()), { what: "their ends" });
      for (const stream of streams) await stream[Symbol.asyncDispose]();
      const text = new TextDecoder().decode(await raw.rest());
      assertMatch(text, /"before".*"after 0".*"after 1"/s);
      // No chunk, and no second head.
      const lines = new Set(text.split("\r\n\r\n", 2)[1]!.split("\n"));
      for (const line of lines) assertMatch(line, /^(?:(?:id|retry|data|event): .*|:)?$/);
    });
  },
});
