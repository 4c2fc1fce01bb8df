/** What the drivers do when a real server is killed, restarted with and without its data, or frozen: the same with every engine. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { EngineNode, publicationOf, withStatus } from "../../../support/engine_node.ts";
import { ENGINES } from "../../../support/engines.ts";

async function publish(node: EngineNode, text: string, more = {}) {
  return await node.driver.publish("c", publicationOf(text, more));
}

/** The position of the channel `c`. */
async function position(node: EngineNode, proof?: Parameters<EngineNode["driver"]["state"]>[1]) {
  const { status: _, ...at } = withStatus(await node.driver.state("c", proof), "known");
  return at;
}

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name:
      `${engineName} faults: killed and restarted with its data, a proof keeps the epoch${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start({ keepsData: true });
      await using node = await EngineNode.start(engine.url, { graceMs: 3_600_000 });
      await using stranger = await EngineNode.start(engine.url);
      for (const text of ["1", "2"]) await publish(node, text);
      const at = await position(node);
      await engine.kill();
      await Promise.all([node.waitFor("lost"), stranger.waitFor("lost")]);
      assert(!withStatus(await publish(node, "lost"), "unavailable").mayBeDone);
      await engine.start();
      await Promise.all([node.waitFor("up"), stranger.waitFor("up")]);
      const early = await publish(node, "too early");
      assertEquals(early.status, "unavailable", "in the grace, without a proof");
      assertEquals(
        await node.driver.range("c", { limit: 9 }).then(({ status }) => status),
        "unavailable",
      );
      assertEquals(await position(node, at), at);
      const next = await publish(stranger, "3");
      assertEquals(next, { status: "stored", offset: 3, epoch: at.epoch });
      assertEquals(await node.history("c"), ["1", "2", "3"]);
    },
  });

  Deno.test({
    name:
      `${engineName} faults: killed and restarted, a channel without a proof begins a new epoch${reason}`,
    ignore,
    fn: async () => {
      for (const appendOnly of [true, false]) {
        await using engine = await start({ keepsData: appendOnly });
        await using node = await EngineNode.start(engine.url);
        await publish(node, "1");
        const at = await position(node);
        await engine.kill();
        await node.waitFor("lost");
        await engine.start();
        await node.waitFor("up");
        // Without its data the server cannot confirm even a proof.
        const after = await position(node, appendOnly ? undefined : at);
        assertNotEquals(after.epoch, at.epoch);
        assertEquals([after.offset, ...await node.history("c")], [0]);
        const next = await publish(node, "1", { proof: at });
        assertEquals(next, { status: "stored", offset: 1, epoch: after.epoch });
      }
    },
  });

  Deno.test({
    name:
      `${engineName} faults: frozen, requests end within the timeout, and are carried out at most once${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start();
      await using node = await EngineNode.start(engine.url, { timeoutMs: 2000 });
      await publish(node, "before");
      engine.freeze();
      let thawed = false;
      try {
        const results = await Promise.all(["a", "b"].map((text) => publish(node, text)));
        for (const result of results) withStatus(result, "unavailable");
        // The second one may not have been sent yet.
        assert(withStatus(results[0]!, "unavailable").mayBeDone);
        await node.waitFor("lost");
        engine.thaw();
        thawed = true;
      } finally {
        if (!thawed) engine.thaw();
      }
      await node.waitFor("up");
      assertEquals((await publish(node, "after")).status, "stored");
      const texts = await node.history("c");
      assertEquals(new Set(texts).size, texts.length, `nothing twice: ${texts}`);
      assertEquals([texts[0], texts.at(-1)], ["before", "after"]);
      assert(node.statuses.includes("lost"), `${node.statuses}`);
    },
  });
}
