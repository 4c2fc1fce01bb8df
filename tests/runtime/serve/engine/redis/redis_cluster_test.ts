/** The driver and a cluster with TLS and a user with few rights: each master is used, and what is wrong is said. */

import { assertEquals, assertMatch } from "@std/assert";
import { inspectServer } from "../../../../../runtime/serve/engine/redis/mod.ts";
import { RedisNames } from "../../../../../runtime/serve/engine/redis/names.ts";
import { Authority, OPENSSL } from "../../../../support/certificates.ts";
import {
  attemptAt,
  EngineNode,
  publicationOf,
  withStatus,
} from "../../../../support/engine_node.ts";
import { freePort } from "../../../../support/free_port.ts";
import { RedisCluster } from "../../../../support/redis_cluster.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../../../support/redis_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

/** The rights of docs/channels/engine.md for one server, and what differs for a cluster. */
const DOCS = Deno.readTextFileSync(
  new URL("../../../../../docs/channels/engine.md", import.meta.url),
);
const RIGHTS = `${/'(-@all [^']+)'/.exec(DOCS)![1]} ${/`(\+ssubscribe [^`]+)`/.exec(DOCS)![1]}`
  .replaceAll("async-deno:", "test:").split(/\s+/)
  .filter((right) => !["+subscribe", "+unsubscribe", "+publish"].includes(right));

const NAMES = new RedisNames("test:");
const HALF = 8_192;
/** A channel of each of two masters. */
const CHANNELS = [0, 1].map((master) => {
  for (let i = 0;; i++) if (Math.floor(NAMES.slotOf(`c${i}`) / HALF) === master) return `c${i}`;
});

Deno.test({
  name: `redis cluster: TLS, a user with the documented rights, and what is wrong${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined || OPENSSL === undefined,
  async fn(t) {
    await using authority = await Authority.make();
    const tls = { ...await authority.sign("cluster"), authority };
    await using cluster = await RedisCluster.start({ masters: 2, tls });
    const access = { ca: authority.pem, password: "secret" };
    const user = async (...rules: string[]) => {
      for (const server of cluster.servers) {
        await server.command("ACL", "SETUSER", "app", "reset", "on", ">secret", ...rules);
      }
    };
    const url = cluster.url.replace("//", "//app@");
    await user(...RIGHTS);

    await t.step("each master has its channels", async () => {
      await using one = await EngineNode.start(url, access);
      await using two = await EngineNode.start(url, access);
      for (const channel of CHANNELS) {
        assertEquals((await one.driver.listen(channel!)).status, "done");
        withStatus(await two.driver.publish(channel!, publicationOf(channel!)), "stored");
        const member = { client: "a", user: "", info: new Uint8Array(0), announce: true };
        withStatus(await two.driver.join(channel!, member), "joined");
        const { members } = withStatus(await one.driver.members(channel!), "read");
        assertEquals(members.length, 1);
      }
      await waitFor(() => one.messages.length === 4, { what: "two publications and two joins" });
      assertEquals(one.texts.sort(), [...CHANNELS].sort());
      for (const [i, server] of cluster.servers.entries()) {
        const all = await server.command("KEYS", "[msp]{test:c*");
        assertEquals(new Set(all.split("\n").map((key) => key.slice(1))).size, 1);
        assertEquals(all.includes(NAMES.ofChannel("p", CHANNELS[i]!)), true, all);
      }
      assertEquals([one.warnings, two.warnings, one.membersLost], [[], [], 0]);
    });

    await t.step("what is found, and what is wrong", async () => {
      const options = { prefix: "test:", timeoutMs: 20_000, ...access };
      const { text, fault } = await inspectServer({ url, ...options });
      assertEquals(fault, undefined);
      assertMatch(text, /^Redis [\d.]+, a cluster of 2 masters, maxmemory-policy noeviction$/);
      const [{ port }] = cluster.servers as [RedisEngine];
      await using alone = await RedisEngine.start();
      const rows: [string, RegExp][] = [
        [
          `rediss+cluster://nobody@127.0.0.1:${port}`,
          /refuses: WRONGPASS.*the user or the password/,
        ],
        [`rediss://app@127.0.0.1:${port}`, /a node of a cluster \(redis\+cluster:\/\/HOST:PORT\)$/],
        [`redis+cluster://127.0.0.1:${port}`, /\(a port for TLS needs rediss\+cluster:\/\/\)$/],
        [`redis+cluster://127.0.0.1:${freePort()}`, /^no node of the cluster can be reached: 127/],
      ];
      for (const [wrong, reason] of rows) {
        assertMatch((await attemptAt(wrong, access)).reason ?? "", reason);
        assertMatch((await inspectServer({ ...options, url: wrong })).fault ?? "", reason);
      }
      const lone = await attemptAt(`redis+cluster://127.0.0.1:${alone.port}`);
      assertMatch(lone.reason ?? "", /\(it is a server alone: redis:\/\/HOST:PORT\)$/);
      await user(...RIGHTS, "-spublish", "-xadd", "-ssubscribe");
      const { reason = "" } = await attemptAt(url, access);
      assertMatch(reason, /^the master at 127.* lacks rights: SPUBLISH, SSUBSCRIBE, XADD \(/);
    });
  },
});
