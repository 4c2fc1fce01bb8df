/** With real sentinels: TLS to all, and a master that lives on after the sentinels have replaced it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Authority, OPENSSL } from "../../../../support/certificates.ts";
import {
  attemptAt,
  EngineNode,
  publicationOf,
  withStatus,
} from "../../../../support/engine_node.ts";
import { NO_REDIS, REDIS_SERVER } from "../../../../support/redis_engine.ts";
import { RedisSentinels } from "../../../../support/redis_sentinels.ts";
import { waitFor } from "../../../../support/wait_for.ts";

const TIMEOUT_MS = 90_000;

/** Waits until the node has left its server, and uses another one. */
async function moved(node: EngineNode): Promise<void> {
  await waitFor(() => node.losses.length > 0 && node.driver.status === "up", {
    what: () => `the new master; ${node.losses} ${node.warnings}`,
    timeoutMs: TIMEOUT_MS,
  });
}

async function publish(node: EngineNode, text: string): Promise<number> {
  return withStatus(await node.driver.publish("c", publicationOf(text)), "stored").offset;
}

Deno.test({
  name: `redis sentinels over TLS: a failover is followed, and nobody else is believed${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined || OPENSSL === undefined,
  async fn() {
    await using authority = await Authority.make();
    const tls = { authority, ...await authority.sign("redis") };
    await using group = await RedisSentinels.start({ tls });
    const url = group.url();
    const { pem: ca } = authority;
    const strange = await attemptAt(url);
    assertStringIncludes(strange.reason ?? "", "known authority: engine_ca_file");
    const plain = await attemptAt(url.replace("rediss", "redis"));
    assertStringIncludes(plain.reason ?? "", "no sentinel can be reached");
    await using node = await EngineNode.start(url, { ca });
    assertEquals(await publish(node, "a"), 1);
    await group.replicated();
    await group.failOver();
    await moved(node);
    await node.driver.listen("c");
    await publish(node, "b");
    await waitFor(() => node.texts.includes("b"), { what: "the message of the new master" });
  },
});

Deno.test({
  name:
    `redis sentinels: a master that lives is left when the sentinels have replaced it${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn() {
    await using group = await RedisSentinels.start();
    await using node = await EngineNode.start(group.url());
    const offset = await publish(node, "a");
    await group.replicated();
    const old = await group.replace();
    const { port } = await group.master();
    await moved(node);
    assertEquals(node.losses, [`the sentinels have made 127.0.0.1:${port} the master`]);
    assertEquals(await group.roleOf(old), "master");
    await using stranger = await EngineNode.start(`redis://127.0.0.1:${port}`);
    await stranger.driver.listen("c");
    await publish(node, "b");
    await waitFor(() => stranger.texts.includes("b"), { what: "a publication at the new master" });
    assertEquals(offset, 1);
  },
});
