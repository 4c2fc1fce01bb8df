/** The driver against a real cluster of three NATS servers: what is stored, what is told, and what becomes of it when one of them fails. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { inspectEngine } from "../../../../../runtime/serve/engine/mod.ts";
import {
  attemptAt,
  EngineNode,
  publicationOf,
  withStatus,
} from "../../../../support/engine_node.ts";
import { NatsCluster } from "../../../../support/nats_cluster.ts";
import { NATS_SERVER, NatsEngine, NO_NATS } from "../../../../support/nats_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

const ignore = NATS_SERVER === undefined;
const STREAM = "test:_channels";
const TIMEOUT_MS = 60_000;
const bytes = (text: string) => new TextEncoder().encode(text);

async function nodesOf(url: string, count: number, stack: AsyncDisposableStack) {
  const nodes: EngineNode[] = [];
  for (let i = 0; i < count; i++) nodes.push(stack.use(await EngineNode.start(url)));
  return nodes;
}

/** Publishes until it is told that the publication is stored. */
async function publishAtLast(node: EngineNode, channel: string, text: string): Promise<number> {
  let offset = 0;
  await waitFor(async () => {
    const result = await node.driver.publish(channel, publicationOf(text));
    if (result.status === "stored") offset = result.offset;
    return offset > 0;
  }, { what: `a publication in ${channel}`, timeoutMs: TIMEOUT_MS });
  return offset;
}

Deno.test({
  name: `nats cluster: offsets without a hole, and keys, whichever server is asked${NO_NATS}`,
  ignore,
  fn: async (t) => {
    await using cluster = await NatsCluster.start();
    await using stack = new AsyncDisposableStack();
    const urls = cluster.servers.map(({ url }) => url);
    const nodes: EngineNode[] = [];
    for (const url of urls) nodes.push(stack.use(await EngineNode.start(url)));

    await t.step("three nodes write in one channel", async () => {
      await nodes[0]!.driver.listen("c");
      const all = Array.from({ length: 150 }, (_, i) => i + 1);
      const results = await Promise.all(
        all.map((i) => nodes[i % 3]!.driver.publish("c", publicationOf(`${i}`))),
      );
      const offsets = results.map((result) => withStatus(result, "stored").offset);
      assertEquals(offsets.toSorted((a, b) => a - b), all);
      await waitFor(() => nodes[0]!.messages.length >= 150, { what: "all messages" });
      let tag = "";
      for (const [i, { message }] of nodes[0]!.messages.entries()) {
        if (message.kind !== "publication") throw new Error(message.kind);
        assertEquals([message.offset, message.previousTag], [i + 1, tag]);
        tag = message.tag;
      }
      for (const node of nodes) assertEquals((await node.history("c")).length, 100);
    });

    await t.step("a key is stored once", async () => {
      for (let round = 0; round < 5; round++) {
        const key = (text: string) => ({ idempotencyKey: bytes(`${text}${round}`) });
        const publications = ["a", "b", "a", "b", "a", "c", "c", "b", "a"];
        const results = await Promise.all(
          publications.map((text, i) =>
            nodes[i % 3]!.driver.publish(`k${round}`, publicationOf(text, key(text)))
          ),
        );
        const offsets = new Map<string, Set<number>>();
        for (const [i, result] of results.entries()) {
          assert(result.status === "stored" || result.status === "repeated", result.status);
          const { offset } = result as { offset: number };
          const text = publications[i]!;
          offsets.set(text, (offsets.get(text) ?? new Set()).add(offset));
        }
        assertEquals(results.filter(({ status }) => status === "stored").length, 3);
        const history = await nodes[0]!.history(`k${round}`);
        for (const [text, all] of offsets) {
          assertEquals(all.size, 1, `${text} has one offset`);
          assertEquals(history[[...all][0]! - 1], text);
        }
        const late = await nodes[1]!.driver.publish(`k${round}`, publicationOf("a", key("a")));
        assertEquals([late.status, "offset" in late && late.offset], [
          "repeated",
          [...offsets.get("a")!][0],
        ]);
      }
    });

    await t.step("what --check says", async () => {
      const common = { prefix: "test:", timeoutMs: 5000 };
      const found = await inspectEngine({ ...common, url: cluster.url });
      assertEquals([found.fault, found.warning], [undefined, undefined]);
      assert(found.text.endsWith("with JetStream, in a cluster"), found.text);
      await using single = await NatsEngine.start();
      const mixed = `nats://127.0.0.1:${single.port},127.0.0.1:${single.port}`;
      const { reason = "" } = await attemptAt(mixed);
      assert(reason.includes("the server belongs to no cluster"), reason);
    });
  },
});

Deno.test({
  name:
    `nats cluster: the leader is killed under load, nothing is lost, and what was confirmed is delivered${NO_NATS}`,
  ignore,
  fn: async () => {
    await using cluster = await NatsCluster.start();
    await using stack = new AsyncDisposableStack();
    const nodes = await nodesOf(cluster.url, 2, stack);
    const confirmed: string[] = [];
    let isOver = false;
    const load = (async () => {
      for (let i = 0; !isOver; i++) {
        const result = await nodes[i % 2]!.driver.publish(
          "c",
          publicationOf(`${i}`, {
            historySize: 100_000,
          }),
        );
        if (result.status === "stored") confirmed.push(`${i}`);
        else await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    await waitFor(() => confirmed.length > 50, { what: "publications", timeoutMs: TIMEOUT_MS });
    const name = (await cluster.leaderOf(STREAM))!;
    const epoch = withStatus(await nodes[0]!.driver.state("c"), "known").epoch;
    await cluster.named(name).kill();
    for (const node of nodes) {
      await waitFor(() => node.losses.length > 0 && node.driver.status === "up", {
        what: "another leader",
        timeoutMs: TIMEOUT_MS,
      });
    }
    const before = confirmed.length;
    await waitFor(() => confirmed.length > before + 20, {
      what: "publications afterwards",
      timeoutMs: TIMEOUT_MS,
    });
    isOver = true;
    await load;
    const state = withStatus(await nodes[0]!.driver.state("c"), "known");
    assertEquals(state.epoch, epoch);
    const history: string[] = [];
    for (let from = 1; from <= state.offset;) {
      // The server that is to read may be the dead one, for as long as the others have not noticed.
      const entries = await waitFor(async () => {
        const read = await nodes[0]!.driver.range("c", { from, limit: 200 });
        return read.status === "read" && read.entries;
      }, { what: "a part of the history", timeoutMs: TIMEOUT_MS });
      for (const { offset, data } of entries) {
        assertEquals(offset, from++);
        history.push(new TextDecoder().decode(data));
      }
    }
    const there = new Set(history);
    assertEquals(there.size, history.length, "nothing twice");
    assertEquals(confirmed.filter((text) => !there.has(text)), []);
    const survivor = cluster.servers.find((each) => each !== cluster.named(name))!;
    assertNotEquals(await cluster.leaderOf(STREAM, survivor), name);
    assert(await publishAtLast(nodes[1]!, "c", "last") > state.offset);
  },
});
