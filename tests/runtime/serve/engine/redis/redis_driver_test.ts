/** The driver against a real redis-server: what is so with Redis alone; see drivers_test.ts. */

import { assertEquals, assertNotEquals } from "@std/assert";
import { EngineNode, publicationOf, withStatus } from "../../../../support/engine_node.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../../../support/redis_engine.ts";

const ignore = REDIS_SERVER === undefined;

async function offsetsOf(node: EngineNode, channel: string): Promise<number[]> {
  const result = await node.driver.range(channel, { limit: 100 });
  return result.status === "read" ? result.entries.map(({ offset }) => offset) : [];
}

Deno.test({
  name:
    `redis driver: evicted keys are a gap or a new epoch, never a channel that fails${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    const { driver } = node;
    const publish = async (text: string) => {
      return withStatus(await driver.publish("c", publicationOf(text)), "stored");
    };
    for (const text of ["1", "2", "3"]) await publish(text);
    const { epoch } = await publish("4");
    await engine.command("DEL", "s{test:c}");
    assertEquals(await publish("5"), { status: "stored", offset: 5, epoch });
    assertEquals(await offsetsOf(node, "c"), [5]);
    await engine.command("DEL", "m{test:c}");
    const fresh = await publish("1");
    assertNotEquals(fresh.epoch, epoch);
    assertEquals([fresh.offset, ...await offsetsOf(node, "c")], [1, 1]);
    // A history of another numbering: it would refuse every offset up to its own.
    await engine.command("XADD", "s{test:c}", "900-0", "t", "x");
    assertEquals((await publish("2")).offset, 2);
    assertEquals(await offsetsOf(node, "c"), [2]);
  },
});
