/**
 * SIGUSR2 with an engine, while another node publishes: clients of channels and streams go on in the new server, which goes on as the same node.
 * Real engines and real clients; none is told anything, none misses anything, also where there is no history. If the engine is away, the old server
 * serves on.
 */

import { assertEquals } from "@std/assert";
import { API_KEY } from "../../support/channel_commands.ts";
import { EngineNode, publicationOf, withStatus } from "../../support/engine_node.ts";
import { ENGINES, type TestEngine } from "../../support/engines.ts";
import { Lineage } from "../../support/lineage.ts";
import { begun, fetchStream } from "../../support/plain_stream.ts";
import { isAlive } from "../../support/process_facts.ts";
import { NumberPublisher } from "../../support/number_publisher.ts";
import { type Server, waitFor, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { Follower } from "../../support/upgrade_follower.ts";

const OPEN = `
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
`;
const KEPT = "chat:kept";
const PLAIN = "plain:live";
const CLIENTS = 4;
const PACE_MS = 10;

function configOf({ url }: TestEngine, folder: string): string {
  return `
[channels]
allow_anonymous_connect_without_token = true
engine = "${url}"
engine_prefix = "test:"
[channels.namespaces.chat]
history_size = 10000
history_ttl = "10m"
allow_recovery = true
presence = true
join_leave = true
allow_presence_for_client = true
allow_presence_for_anonymous = true
${OPEN}
[channels.namespaces.plain]
${OPEN}
[channels.api]
key_file = "${folder}/api.key"
`;
}

/** Publishes by the HTTP API; returns the offset. @param key another time it is the same publication */
async function publishOnce({ url }: Server, key: string): Promise<number> {
  const body = JSON.stringify({ channel: "chat:other", data: {}, idempotency_key: key });
  const request = { method: "POST", headers: { "X-API-Key": API_KEY }, body };
  const { result } = await (await fetch(`${url}/api/publish`, request)).json();
  return result.offset;
}

/** Publishes numbers as another node of the engine, until it is told to end; every third one also without an offset. */
function publisherAt({ driver }: EngineNode, first = 0): NumberPublisher {
  const last = { historySize: 0, historyTtlMs: 0 };
  return new NumberPublisher(async (number) => {
    const all = [
      driver.publish(KEPT, publicationOf(`${number}`, { historySize: 10_000 })),
      driver.publish(PLAIN, publicationOf(`${number}`, last)),
    ];
    if (number % 3 === 0) {
      const live = publicationOf(`"live ${number}"`, { ...last, skipHistory: true });
      all.push(driver.publish(PLAIN, live));
    }
    for (const result of await Promise.all(all)) withStatus(result, "stored");
  }, { pace: PACE_MS, first });
}

const isNumber = (data: unknown) => typeof data === "number";
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

for (const { name, ignore, reason, start } of ENGINES) {
  Deno.test({
    name:
      `upgrade with ${name}: clients go on in the new server; nothing is lost, twice, or noticed${reason}`,
    // TLS cannot be moved.
    ignore: ignore || OVER_DENO_TRANSPORT || OVER_TLS,
    fn: async () => {
      await using engine = await start();
      const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
      const config = `${folder}/server.toml`;
      await Deno.writeTextFile(config, configOf(engine, folder));
      await Deno.writeTextFile(`${folder}/api.key`, API_KEY);
      await using node = await EngineNode.start(engine.url);
      const args = ["--config", config, "--upgrade-spread", "60s"];
      await withServer({ workers: 1, args }, async (server) => {
        using lineage = new Lineage(server);
        const endpoint = `${server.wsUrl}/connection/websocket`;
        const followers = Array.from({ length: CLIENTS }, () => new Follower(endpoint));
        const options = [{ recoverable: true }, { positioned: true }];
        for (const [i, follower] of followers.entries()) {
          await follower.begin({ [KEPT]: options[i % 2]!, [PLAIN]: {} });
        }
        await using stream = await fetchStream(`${server.url}/channels/sse?channel=${KEPT}`);
        await begun(stream);
        const members = async () =>
          withStatus(await node.driver.members(KEPT), "read").members.map(({ client }) => client)
            .sort();
        await waitFor(async () => (await members()).length === CLIENTS + 1, { what: "members" });
        const before = await members();
        await node.driver.listen(KEPT);
        for (const { notes } of followers) notes.length = 0; // the others have joined
        assertEquals(await publishOnce(server, "a"), 1);
        const publisher = publisherAt(node);
        await waitFor(() => publisher.count > 10, { what: "publications" });
        const old = lineage.pid;
        await lineage.upgrade();
        await waitFor(() => !isAlive(old), { what: "the end of the old server" });
        const { count } = publisher;
        await waitFor(() => publisher.count > count + 10, { what: "publications" });
        await publisher.end();
        assertEquals([await publishOnce(server, "a"), await publishOnce(server, "b")], [1, 2]);
        const all = upTo(publisher.count);
        for (const { numbers, offsets, notes } of followers) {
          for (const channel of [KEPT, PLAIN]) {
            const found = () => numbers.get(channel)!.filter(isNumber);
            await waitFor(() => found().length >= all.length, { what: "all of them" });
            assertEquals(found(), all, channel);
            const places = offsets.get(channel)!.filter((offset) => offset > 0);
            assertEquals(places, all.map((number) => number + 1), channel);
          }
          const live = numbers.get(PLAIN)!.filter((data) => !isNumber(data));
          assertEquals(live, all.filter((number) => number % 3 === 0).map((n) => `live ${n}`));
          assertEquals(notes, []);
        }
        await waitFor(() => stream.seen.dataOf("message").length >= all.length, { what: "events" });
        assertEquals(stream.seen.dataOf("message").map(({ data }: { data: number }) => data), all);
        assertEquals(stream.isOver(), false);
        // The same members, and none of them has left or joined.
        assertEquals(await members(), before);
        const kinds = new Set(node.messages.map(({ message }) => message.kind));
        assertEquals([...kinds], ["publication"]);
        followers[1]!.centrifuge.disconnect();
        await waitFor(async () => (await members()).length === CLIENTS, { what: "who has left" });
        if (name === "redis") {
          await staysWithoutEngine({ engine, lineage, node, server }, followers);
        }
        for (const follower of followers) follower.centrifuge.disconnect();
        await stream.cut();
        await lineage.stop();
      });
      await Deno.remove(folder, { recursive: true });
    },
  });
}

/** An upgrade while the engine is frozen: the old server serves on, and says why; when the engine is back the next one succeeds. */
async function staysWithoutEngine(
  { engine, lineage, node, server }: {
    readonly engine: TestEngine;
    readonly lineage: Lineage;
    readonly node: EngineNode;
    readonly server: Server;
  },
  [follower]: readonly Follower[],
): Promise<void> {
  const { numbers, notes } = follower!;
  const before = numbers.get(PLAIN)!.filter(isNumber).length;
  engine.freeze();
  await lineage.refuses("this server serves on", "the engine cannot be used");
  engine.thaw();
  await waitFor(() => server.stdout.includes("the engine is back"), { what: "the engine" });
  await node.waitFor("up");
  const publisher = publisherAt(node, before);
  await waitFor(() => publisher.count > before + 10, { what: "publications" });
  await lineage.upgrade();
  const { count } = publisher;
  await waitFor(() => publisher.count > count + 10, { what: "publications" });
  await publisher.end();
  const found = () => numbers.get(PLAIN)!.filter(isNumber);
  await waitFor(() => found().length >= publisher.count, { what: "all of them" });
  assertEquals(found(), upTo(publisher.count));
  // Members whose lease ended while the engine was frozen were entered again.
  assertEquals(notes.filter((note) => !/^(?:join|leave) /.test(note)), []);
}
