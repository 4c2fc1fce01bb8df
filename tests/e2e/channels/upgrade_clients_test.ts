/**
 * SIGUSR2 with the memory engine: the clients of channels go on in the new server, with their subscriptions, while publications go on. Real
 * clients over a Unix socket; none is told anything, none misses anything, and histories and presence are as before.
 */

import { assert, assertEquals } from "@std/assert";
import type { Centrifuge } from "npm:centrifuge@5.8.0";
import { Lineage } from "../../support/lineage.ts";
import { isAlive } from "../../support/process_facts.ts";
import { NumberPublisher } from "../../support/number_publisher.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { Follower } from "../../support/upgrade_follower.ts";

const OPEN = `
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_publish_for_client = true
allow_publish_for_anonymous = true
`;
const CONFIG = `
[channels]
allow_anonymous_connect_without_token = true
[channels.namespaces.chat]
history_size = 10000
history_ttl = "10m"
allow_recovery = true
presence = true
join_leave = true
allowed_delta_types = ["fossil"]
allow_presence_for_client = true
allow_presence_for_anonymous = true
allow_history_for_client = true
allow_history_for_anonymous = true
${OPEN}
[channels.namespaces.plain]
${OPEN}
`;
const CHANNELS = ["chat:kept", "plain:live"];
const CLIENTS = 12;
const UPGRADES = 2;
const PACE_MS = 2;

/** Publishes numbers in all channels until it is told to end. */
function publisherOf(client: Centrifuge): NumberPublisher {
  return new NumberPublisher((number) => {
    const data = { number, text: "the same in all of them, more or less" };
    return Promise.all(CHANNELS.map((name) => client.publish(name, data)));
  }, { pace: PACE_MS });
}

Deno.test({
  name: "upgrade: clients of channels go on in the new server; nothing is lost, twice, or noticed",
  // TLS cannot be moved.
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    const config = `${folder}/server.toml`;
    await Deno.writeTextFile(config, CONFIG);
    const path = `${folder}/s`;
    // The publisher is as quick as the machine.
    const limits = ["--channel-commands", "1000000"];
    const args = ["--config", config, "--unix", path, "--upgrade-spread", "60s", ...limits];
    await withServer({ workers: 2, args }, async (server) => {
      using lineage = new Lineage(server);
      const followers = Array.from(
        { length: CLIENTS },
        () => new Follower(`ws+unix://${path}:/connection/websocket`),
      );
      const options = [{ recoverable: true }, { delta: "fossil" }, { positioned: true }];
      for (const [i, follower] of followers.entries()) {
        await follower.begin({ "chat:kept": options[i % 3]!, "plain:live": {} });
      }
      for (const { notes } of followers) notes.length = 0; // the others have joined
      const publisher = publisherOf(followers[0]!.centrifuge);
      for (let i = 0; i < UPGRADES; i++) {
        const before = lineage.pid;
        await lineage.upgrade();
        await waitFor(() => !isAlive(before), { what: "the end of the old server" });
        const { count } = publisher;
        await waitFor(() => publisher.count > count + 10, { what: "publications" });
      }
      await publisher.end();
      const all = Array.from({ length: publisher.count }, (_, number) => number);
      for (const { numbers, offsets, notes } of followers) {
        for (const name of CHANNELS) {
          await waitFor(() => numbers.get(name)!.length >= all.length, { what: "all of them" });
          const found = numbers.get(name)! as { readonly number: number }[];
          assertEquals(found.map(({ number }) => number), all, name);
          assertEquals(offsets.get(name), all.map((number) => number + 1), name);
        }
        assertEquals(notes, []);
      }
      const [{ centrifuge }] = followers as [Follower];
      const history = await centrifuge.history("chat:kept", { limit: 10_000 });
      assertEquals(history.publications.length, all.length);
      const { clients } = await centrifuge.presence("chat:kept");
      assertEquals(Object.keys(clients).length, CLIENTS);
      // They belong to their workers: who leaves is gone.
      followers[1]!.centrifuge.disconnect();
      const members = async () => (await centrifuge.presenceStats("chat:kept")).numClients;
      await waitFor(async () => await members() === CLIENTS - 1, { what: "the member that left" });
      assert(server.stdout.includes(`${CLIENTS} connections go on in the new server`));
      for (const follower of followers) follower.centrifuge.disconnect();
      await lineage.stop();
    });
    await Deno.remove(folder, { recursive: true });
  },
});
