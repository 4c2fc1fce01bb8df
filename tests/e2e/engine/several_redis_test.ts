/**
 * Two servers that share two Redis servers as their engine: each has its channels, and only these stop while it is away. What servers tell each
 * other is at the first one; a server with another list is found.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Backend } from "../../support/channel_backend.ts";
import { ChannelServer, OPEN_CHANNELS } from "../../support/channel_server.ts";
import { engineConfig } from "../../support/engines.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../support/redis_engine.ts";
import { checkEngine } from "../../../runtime/cli/startup_faults.ts";
import { shardOf } from "../../../runtime/serve/engine/shard_of.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A channel of each server. */
const CHANNELS = [0, 1].map((server) => {
  for (let i = 0;; i++) if (shardOf(`chat:${i}`, 2) === server) return `chat:${i}`;
});

/** A client that is subscribed to both channels, and what it has got. */
class Member {
  readonly got: string[][] = [[], []];
  /** Of each subscription: whether it has recovered. */
  readonly recoveries: boolean[] = [];
  id = "";
  codes: number[] = [];

  constructor({ server }: Backend) {
    const { centrifuge } = server.client();
    centrifuge.on("connected", ({ client }) => void (this.id = client));
    centrifuge.on("disconnected", ({ code }) => void this.codes.push(code));
    for (const [i, channel] of CHANNELS.entries()) {
      const subscription = centrifuge.newSubscription(channel, { recoverable: true });
      subscription.on("publication", ({ offset, data }) => {
        this.got[i]!.push(`${offset} ${data}`);
      });
      subscription.on("subscribed", ({ recovered }) => void this.recoveries.push(recovered));
      subscription.subscribe();
    }
    centrifuge.connect();
  }

  async has(server: number, text: string): Promise<void> {
    await waitFor(() => this.got[server]!.at(-1) === text, {
      what: () => `${text} of server ${server}; there is ${this.got[server]}`,
    });
  }
}

Deno.test({
  name: `several Redis servers: each has its channels, and fails by itself${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn(t) {
    await using first = await RedisEngine.start({ appendOnly: true });
    await using second = await RedisEngine.start({ appendOnly: true });
    const engines = [first, second];
    const url = `${first.url},${second.url}`;
    const config = { engine: engineConfig({ url }) };
    await using here = await Backend.start(config);
    await using there = await Backend.start(config);
    const members = [new Member(here), new Member(there)];
    for (const { recoveries } of members) {
      await waitFor(() => recoveries.length === 2, { what: "both subscriptions" });
    }
    const counts = [0, 0];
    /** Publishes as soon as the engine takes it; then everybody has it, as the next one. */
    const publish = async (server: number, by = here) => {
      const data = `${++counts[server]!}`;
      const request = { channel: CHANNELS[server], data, idempotency_key: data };
      await waitFor(() => by.ask("publish", request).then(() => true, () => false), {
        what: "a publication",
      });
      for (const member of members) await member.has(server, `${data} ${data}`);
    };
    const refuses = async (server: number) => {
      const request = { channel: CHANNELS[server], data: "refused" };
      return await here.ask("publish", request).then(() => false, () => true);
    };
    const lost = (server: number) =>
      waitFor(
        () =>
          here.server.warnings.some((text) =>
            text.startsWith(`server ${server + 1} of 2 of the engine: the engine is lost`)
          ),
        { what: `the loss of server ${server}` },
      );
    const nodes = async () => (await here.ask("info", {})).nodes.length as number;

    await t.step("a channel is on one of them, with all that it has", async () => {
      for (const by of [here, there]) for (const server of [0, 1]) await publish(server, by);
      for (const [server, channel] of CHANNELS.entries()) {
        const keys = ["m", "s", "p"].map((key) => `${key}{test:${channel}}`);
        const found = await Promise.all(engines.map((each) => each.command("EXISTS", ...keys)));
        assertEquals(found, server === 0 ? ["3", "0"] : ["0", "3"], channel);
        const { publications, offset } = await there.ask("history", { channel, limit: 10 });
        assertEquals([publications.length, offset], [2, 2]);
        const { presence } = await there.ask("presence", { channel });
        assertEquals(Object.keys(presence).sort(), members.map(({ id }) => id).sort());
      }
      await waitFor(async () => await nodes() === 2, { what: "two servers" });
      const { channels } = await here.ask("channels", {});
      assertEquals(CHANNELS.map((channel) => channels[channel].num_clients), [2, 2]);
    });

    await t.step("the second one is away: its channels alone stop", async () => {
      await second.kill();
      await lost(1);
      assert(await refuses(1));
      for (const by of [here, there]) await publish(0, by);
      assertEquals(await nodes(), 2);
      await second.start();
      await publish(1, there);
    });

    await t.step("the first one is away: the other channels go on", async () => {
      await first.kill();
      await lost(0);
      assert(await refuses(0));
      for (const by of [here, there]) await publish(1, by);
      await first.start();
      await publish(0);
      await waitFor(async () => await nodes() === 2, { what: "both servers again" });
    });

    await t.step("nobody had to subscribe again, and everything came once", () => {
      for (const { got, recoveries } of members) {
        for (const [server, count] of counts.entries()) {
          assertEquals(got[server], Array.from({ length: count }, (_, i) => `${i + 1} ${i + 1}`));
        }
        assertEquals(recoveries.length, 2);
      }
    });

    await t.step("servers with another list are found by who comes later", async () => {
      const reversed = `${second.url},${first.url}`;
      for (
        const [other, expected] of [
          [reversed, /names other servers, or in another order,.* is 2 of 2 here and 1 of 2 there/],
          [first.url, /names other servers.* is the only one here and 1 of 2 there/],
        ] as const
      ) {
        await using stranger = await ChannelServer.start(
          { ...OPEN_CHANNELS, engine: engineConfig({ url: other }) },
          { workers: 1 },
        );
        await waitFor(() => stranger.warnings.find((text) => expected.test(text)), {
          what: () => `a warning; there is ${stranger.warnings}`,
        });
      }
      const { warnings } = there.server;
      assert(!warnings.some((text) => text.includes("names other servers")), warnings.join());
    });

    await t.step("what --check says", async () => {
      const check = (url: string) =>
        checkEngine({ channels: { ...OPEN_CHANNELS, engine: engineConfig({ url }) } });
      const { text, warnings, faults } = await check(url);
      assertMatch(text ?? "", /^Redis [\d.]+, maxmemory-policy noeviction, at redis:/);
      assert(text!.endsWith(`, at ${url}`), text!);
      assertEquals([warnings, faults], [[], []]);
      const wrong = await check(`${url},redis://127.0.0.1:1`);
      assertEquals(wrong.text, null);
      assertMatch(
        wrong.faults.join(),
        /^the engine cannot be used: redis:\/\/127.0.0.1:1: connect/,
      );
    });
  },
});
