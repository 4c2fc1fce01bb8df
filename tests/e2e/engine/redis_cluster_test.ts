/**
 * Two servers with a Redis Cluster of three masters and their replicas as the engine: a slot moves while clients listen, and a master is
 * killed. Each offset comes exactly once, or is reported lost, and the channels of the other masters go on.
 */

import { assert, assertEquals } from "@std/assert";
import { API_KEY, ChannelFolder } from "../../support/channel_commands.ts";
import { Audience } from "../../support/engine_audience.ts";
import { Publisher, ServerGroup } from "../../support/engine_servers.ts";
import { RedisCluster } from "../../support/redis_cluster.ts";
import { NO_REDIS, REDIS_SERVER } from "../../support/redis_engine.ts";
import { waitFor } from "../../support/wait_for.ts";
import { RedisNames } from "../../../runtime/serve/engine/redis/names.ts";

const NODES = 2;
const CLIENTS = 16;
const NAMES = new RedisNames("async-deno:");
/** Slots of the three masters at the start. */
const PARTS = [[0, 5460], [5461, 10921], [10922, 16383]] as const;

/** Two channels of each master. */
const CHANNELS = PARTS.flatMap(([first, last]) =>
  Array.from({ length: 200 }, (_, i) => `room:${i}`).filter((name) => {
    const slot = NAMES.slotOf(name);
    return first <= slot && slot <= last;
  }).slice(0, 2)
);

const CONFIG = `allow_anonymous_connect_without_token = true
[channels.namespaces.room]
history_size = 10
history_ttl = "10m"
presence = true
allow_recovery = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
`;

/** The result of a method of the API. */
// deno-lint-ignore no-explicit-any -- of any method
async function ask(port: number, method: string, request: unknown): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${port}/api/${method}`, {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: JSON.stringify(request),
  });
  const { result, error } = await response.json();
  assertEquals(error, undefined, method);
  return result;
}

/** Another channel in the same slot. */
function neighbourOf(channel: string): string {
  for (let i = 0;; i++) {
    const name = `room:other${i}`;
    if (NAMES.slotOf(name) === NAMES.slotOf(channel)) return name;
  }
}

Deno.test({
  name: `redis cluster: a slot moves, and a master is killed${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn(t) {
    await using cluster = await RedisCluster.start({
      masters: 3,
      hasReplicas: true,
      args: ["--cluster-require-full-coverage", "no"],
    });
    await using folder = await ChannelFolder.make({
      channels: `engine = "${cluster.url}"\n${CONFIG}`,
    });
    await using nodes = await ServerGroup.start(folder.config, NODES);
    using audience = new Audience(nodes.balancer);
    audience.add(Array.from({ length: CLIENTS }, (_, i) => CHANNELS[i % CHANNELS.length]!));
    await audience.settled(nodes);
    const publisher = new Publisher(nodes, CHANNELS);
    const reported = () => audience.listeners.filter((each) => each.reported > 0).length;
    /** Until each channel has further publications. */
    const goesOn = async (channels: readonly string[]) => {
      const before = publisher.confirmed.length;
      await waitFor(
        () =>
          channels.every((name) =>
            publisher.confirmed.slice(before).some(({ channel }) => channel === name)
          ),
        { what: "publications in all channels", timeoutMs: 60_000 },
      );
    };
    await goesOn(CHANNELS);

    await t.step(
      "a slot moves: nothing is lost, also in channels without subscribers",
      async () => {
        const [moving] = CHANNELS;
        const quiet = neighbourOf(moving!);
        const slot = NAMES.slotOf(moving);
        for (const port of nodes.running) await publisher.publishAtLast(port, quiet);
        const [first, , third] = cluster.servers;
        for (const to of [third, first, third]) await cluster.move(slot, to!);
        for (const port of nodes.running) await publisher.publishAtLast(port, quiet);
        await goesOn(CHANNELS);
        await audience.settled(nodes);
        const quietOnes = publisher.confirmed.filter(({ channel }) => channel === quiet);
        assertEquals(quietOnes.map(({ offset }) => offset), [1, 2, 3, 4]);
        assertEquals(new Set(quietOnes.map(({ epoch }) => epoch)).size, 1);
        assertEquals([audience.faults, reported()], [[], 0]);
      },
    );

    await t.step(
      "a master is killed: the other channels go on, and its replica takes over",
      async () => {
        // That one also has what the servers have.
        const home = await cluster.ownerOf(NAMES.slotOf());
        const others = [];
        for (const channel of CHANNELS) {
          if (await cluster.ownerOf(NAMES.slotOf(channel)) !== home) others.push(channel);
        }
        assert(others.length > 0 && others.length < CHANNELS.length);
        await home.kill();
        await waitFor(async () => !await nodes.isReady(), { what: "servers that are not ready" });
        await goesOn(others);
        await audience.settled(nodes);
        await goesOn(CHANNELS);
        assert(publisher.refused > 0);
        assertEquals(audience.faults, []);
      },
    );

    await t.step("every offset came once, or was reported lost", async () => {
      await audience.heard(await publisher.finish(), publisher.confirmed);
    });

    await t.step("histories, keys and members are the same at all servers", async () => {
      const [here, there] = nodes.running as [number, number];
      for (const [i, channel] of CHANNELS.entries()) {
        const request = { channel, data: "x", idempotency_key: "k" };
        const first = await ask(here, "publish", request);
        assertEquals(await ask(there, "publish", request), first);
        const { publications, offset } = await ask(there, "history", { channel, limit: 10 });
        assertEquals([publications.length, offset], [10, first.offset]);
        const clients = audience.listeners.filter((each) => each.channel === channel).length;
        for (const port of [here, there]) {
          await waitFor(async () => {
            const { presence } = await ask(port, "presence", { channel });
            return Object.keys(presence).length === clients;
          }, { what: `${clients} members of the channel ${i}` });
        }
      }
      assertEquals((await ask(here, "info", {})).nodes.length, 2);
    });
  },
});
