/**
 * Two servers that find their engine by sentinels, whose master is killed twice while clients listen: first with a replica that has
 * nearly everything, then with one that lacks the last publications. Each offset comes exactly once, or is reported lost.
 */

import { assert, assertEquals } from "@std/assert";
import { ChannelFolder } from "../../support/channel_commands.ts";
import { Audience } from "../../support/engine_audience.ts";
import { Publisher, ServerGroup } from "../../support/engine_servers.ts";
import { NO_REDIS, REDIS_SERVER } from "../../support/redis_engine.ts";
import { RedisSentinels } from "../../support/redis_sentinels.ts";
import { waitFor } from "../../support/wait_for.ts";

const NODES = 2;
const CLIENTS = 20;
const CHANNELS = ["open:a", "open:b", "open:c", "open:d"];

Deno.test({
  name: `sentinels: over a failover each offset comes exactly once, or is reported lost${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn() {
    const password = "of-the-sentinels";
    await using group = await RedisSentinels.start({ password });
    await using folder = await ChannelFolder.make({
      channels: `engine = "${group.url()}"\nallow_anonymous_connect_without_token = true\n` +
        `engine_sentinel_password_file = "sentinels.password"\n`,
    });
    const file = await folder.write("sentinels.password", `${password}\n`);
    const config = await Deno.readTextFile(folder.config);
    await Deno.writeTextFile(folder.config, config.replace("sentinels.password", file));
    await using nodes = await ServerGroup.start(folder.config, NODES);
    using audience = new Audience(nodes.balancer);
    audience.add(Array.from({ length: CLIENTS }, (_, i) => CHANNELS[i % CHANNELS.length]!));
    const settled = () => audience.settled(nodes);
    await settled();
    const publisher = new Publisher(nodes, CHANNELS);
    await waitFor(() => publisher.confirmed.length > 50, { what: "publications" });

    const dead = await group.failOver();
    await settled();
    for (const port of nodes.running) await publisher.publishAtLast(port, CHANNELS[0]!);
    assertEquals(audience.faults, []);

    await group.rejoin(dead);
    await group.endReplication();
    const lost = publisher.confirmed.length;
    await waitFor(
      () =>
        CHANNELS.every((name) => publisher.confirmed.slice(lost).some((c) => c.channel === name)),
      { what: "publications that the replica lacks" },
    );
    await group.failOver();
    await settled();
    await audience.heard(await publisher.finish(), publisher.confirmed);
    const untold = audience.listeners.filter(({ reported }) => reported === 0);
    assertEquals(untold.length, 0, "clients that were not told of the loss");
    assert(publisher.refused > 0);
  },
});
