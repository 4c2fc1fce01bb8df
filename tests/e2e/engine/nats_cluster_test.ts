/**
 * Two servers that share a cluster of three NATS servers, of which the one that leads the stream of the channels is killed and comes back, and then
 * the next leader is frozen and goes on. Each offset comes exactly once, or is reported lost; nobody restarts anything.
 */

import { assert, assertEquals } from "@std/assert";
import { ChannelFolder } from "../../support/channel_commands.ts";
import { Audience } from "../../support/engine_audience.ts";
import { Publisher, ServerGroup } from "../../support/engine_servers.ts";
import { NatsCluster } from "../../support/nats_cluster.ts";
import { NATS_SERVER, type NatsEngine, NO_NATS } from "../../support/nats_engine.ts";
import { waitFor } from "../../support/wait_for.ts";

const NODES = 2;
const CLIENTS = 20;
const CHANNELS = ["deep:a", "deep:b", "deep:c", "deep:d"];
const STREAM = "async-deno:_channels";
const TIMEOUT_MS = 120_000;

type Fault = (server: NatsEngine) => void | Promise<void>;
/** Long enough for all that is published while a server looks for another leader. */
const NAMESPACE = `
[channels.namespaces.deep]
history_size = 10_000
history_ttl = "10m"
allow_recovery = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
`;

Deno.test({
  name: `nats cluster: while servers of it fail, each offset comes exactly once${NO_NATS}`,
  ignore: NATS_SERVER === undefined,
  async fn() {
    await using cluster = await NatsCluster.start();
    await using folder = await ChannelFolder.make({
      channels: `engine = "${cluster.url}"\nallow_anonymous_connect_without_token = true\n` +
        NAMESPACE,
    });
    await using nodes = await ServerGroup.start(folder.config, NODES);
    using audience = new Audience(nodes.balancer);
    audience.add(Array.from({ length: CLIENTS }, (_, i) => CHANNELS[i % CHANNELS.length]!));
    const settled = () => audience.settled(nodes);
    await settled();
    const publisher = new Publisher(nodes, CHANNELS);
    const goesOn = async () => {
      const before = publisher.confirmed.length;
      await waitFor(() => publisher.confirmed.length > before + 50, {
        what: "publications",
        timeoutMs: TIMEOUT_MS,
      });
    };
    await goesOn();

    const faults: readonly [begin: Fault, end: Fault][] = [
      [(victim) => victim.kill(), (victim) => victim.start()],
      [(victim) => victim.freeze(), (victim) => victim.thaw()],
    ];
    for (const [begin, end] of faults) {
      const victim = cluster.named((await cluster.leaderOf(STREAM))!);
      await begin(victim);
      await goesOn();
      for (const port of nodes.running) await publisher.publishAtLast(port, CHANNELS[0]!);
      await settled();
      assertEquals(audience.faults, []);
      await end(victim);
      await cluster.ready();
      await cluster.replicated(STREAM);
    }
    await audience.heard(await publisher.finish(), publisher.confirmed);
    assertEquals(
      audience.listeners.reduce((sum, { reported }) => sum + reported, 0),
      0,
      "reported losses",
    );
    assert(publisher.refused > 0);
  },
});
