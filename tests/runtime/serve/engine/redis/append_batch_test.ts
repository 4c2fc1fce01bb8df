/** Publications that share one call: each has its own answer, and the order stays, also if the server fails in the middle. */

import { assert, assertEquals } from "@std/assert";
import type { EnginePublishResult } from "../../../../../runtime/serve/engine/mod.ts";
import { appendAnswers } from "../../../../../runtime/serve/engine/redis/append_batch.ts";
import { EngineNode, publicationOf, withStatus } from "../../../../support/engine_node.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../../../support/redis_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";
import { Buffer } from "node:buffer";

const bytes = (text: string) => new TextEncoder().encode(text);
const ignore = REDIS_SERVER === undefined;

/** The status of a result, and its offset if it has one. */
function brief(result: EnginePublishResult): string {
  return "offset" in result ? `${result.status} ${result.offset}` : result.status;
}

/** How often a command has run; the default is that of scripts. */
async function calls(engine: RedisEngine, command = "evalsha"): Promise<number> {
  const stats = await engine.command("INFO", "commandstats");
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

Deno.test("append batch: answers of each kind", () => {
  const lines = ["stored 3 a-b", "repeated 0 a-b", "unverified", "error OOM a b", "skipped 2 c-d"];
  assertEquals(appendAnswers(Buffer.from(lines.join("\n"))), [
    { status: "stored", offset: 3, epoch: "a-b" },
    { status: "repeated", offset: 0, epoch: "a-b" },
    { status: "unverified", offset: NaN, epoch: "" },
    { error: "OOM a b" },
    { status: "skipped", offset: 2, epoch: "c-d" },
  ]);
});

Deno.test({
  name: `append batch: channels, keys and versions of one turn share one call${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    const { driver } = node;
    await Promise.all([driver.listen("a"), driver.listen("b")]);
    const [before, sentBefore] = [await calls(engine), await calls(engine, "publish")];
    const key = { idempotencyKey: bytes("k") };
    const version = { version: { version: 1, versionEpoch: new Uint8Array(0) } };
    const wishes: [string, string, object][] = [
      ["a", "1", key],
      ["b", "2", key],
      ["a", "3", key],
      ["a", "4", { historySize: 0 }],
      ["b", "5", { skipHistory: true }],
      ["a", "6", {}],
      ["b", "7", key],
      ["b", "8", version],
      ["b", "9", version],
      ["a", "10", { historyTtlMs: 1.5 }],
    ];
    const results = await Promise.all(
      wishes.map(([channel, text, more]) => driver.publish(channel, publicationOf(text, more))),
    );
    assertEquals(results.map(brief), [
      ...["stored 1", "stored 1", "repeated 1", "stored 2", "stored 0"],
      ...["stored 3", "repeated 1", "stored 2", "skipped 2", "stored 4"],
    ]);
    assertEquals(await calls(engine), before + 1);
    // One message for each channel, and some probes.
    const sent = await calls(engine, "publish") - sentBefore;
    assert(sent >= 2 && sent < 7, `${sent} messages`);
    await waitFor(() => node.messages.length === 7, { what: "all messages" });
    assertEquals(node.texts, ["1", "4", "6", "10", "2", "5", "8"]);
    assertEquals(await node.history("b"), ["2", "8"]);
    assertEquals((await node.history("a"))[0], "6", "a hole: what was before it is gone");
    const tags = node.messages.flatMap(({ channel, message }) =>
      channel === "a" && message.kind === "publication" ? [message.previousTag, message.tag] : []
    );
    assertEquals(
      tags.filter((_, i) => i % 2 === 0),
      ["", ...tags.filter((_, i) => i % 2 === 1)].slice(0, -1),
    );
    const { tag } = withStatus(await driver.state("a"), "known");
    assertEquals(tag, tags.at(-1));

    // The history is cut once for all of them: also if the sizes differ, and if the last one is not stored.
    const sizes: [number, object][] = [[20, key], [3, {}], [20, {}], [20, key]];
    const many = Array.from({ length: 40 }, () => sizes).flat();
    await Promise.all(
      many.slice(0, 60).map(([historySize, more]) =>
        driver.publish("t", publicationOf("x", { ...more, historySize }))
      ),
    );
    // The first one of 20; then 3 and 20 in turn, so that one of 20 follows the last one of 3.
    assertEquals((await node.history("t")).length, 4);
    await Promise.all(
      Array.from(
        { length: 60 },
        (_, i) =>
          driver.publish(
            "u",
            publicationOf(`${i}`, { ...(i % 30 === 0 ? key : {}), historySize: 20 }),
          ),
      ),
    );
    await Promise.all(
      [1, 2, 3].map((i) =>
        driver.publish("u", publicationOf(`${i}`, { ...(i === 3 ? key : {}), historySize: 10 }))
      ),
    );
    assertEquals(await engine.command("XLEN", "s{test:u}"), "10");
  },
});

Deno.test({
  name: `append batch: one publication that fails leaves the others as they are${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    await engine.command("SET", "s{test:wrong}", "no stream");
    await node.driver.publish("b", publicationOf("1"));
    await engine.command("SET", "m{test:no hash}", "x");
    const publish = (channel: string, text: string) =>
      node.driver.publish(channel, publicationOf(text));
    // A channel that cannot even be read is no reason to refuse others.
    const results = await Promise.all([
      publish("a", "1"),
      publish("b", "2"),
      publish("no hash", "1"),
      publish("a", "2"),
    ]);
    assertEquals(results.map(brief), ["stored 1", "stored 2", "unavailable", "stored 2"]);
    assert(!withStatus(results[2]!, "unavailable").mayBeDone);
    // A fresh channel whose key is of another kind begins, and its history with it.
    assertEquals(brief(await publish("wrong", "1")), "stored 1");
    assertEquals(node.driver.status, "up");
  },
});

Deno.test({
  name: `append batch: without memory all of it is refused, and no offset is skipped${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    const publish = (channel: string, more = {}) =>
      node.driver.publish(channel, publicationOf("x", more));
    await Promise.all([publish("a"), publish("b", { idempotencyKey: bytes("k") })]);
    await engine.command("CONFIG", "SET", "maxmemory", "1");
    const results = await Promise.all([
      publish("a"),
      publish("b", { idempotencyKey: bytes("k") }),
      publish("new"),
      publish("b", { historySize: 0 }),
      publish("b", { skipHistory: true, idempotencyKey: bytes("l") }),
    ]);
    assertEquals(results.map(brief), ["full", "repeated 1", "full", "full", "full"]);
    await engine.command("CONFIG", "SET", "maxmemory", "0");
    const after = await Promise.all([publish("a"), publish("b"), publish("new")]);
    assertEquals(after.map(brief), ["stored 2", "stored 2", "stored 1"]);
  },
});

Deno.test({
  name: `append batch: order within calls, between them, and before other requests${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    const { driver } = node;
    const before = await calls(engine);
    const count = 500;
    const long = "x".repeat(100_000);
    const results: Promise<EnginePublishResult>[] = [];
    for (let i = 0; i < count; i++) {
      const text = i % 50 === 7 ? `${i} ${long}` : `${i}`;
      results.push(driver.publish("c", publicationOf(text, { historySize: 1_000 })));
      if (i % 10 === 0) await Promise.resolve();
    }
    // It is asked behind all of them.
    const state = driver.state("c");
    const offsets = (await Promise.all(results)).map((result) =>
      withStatus(result, "stored").offset
    );
    assertEquals(offsets, Array.from({ length: count }, (_, i) => i + 1));
    assertEquals(withStatus(await state, "known").offset, count);
    const sent = await calls(engine) - before;
    assert(sent >= count / 64 && sent < count / 4, `${sent} calls`);
    assertEquals((await driver.removeHistory("c")).status, "done");
  },
});

Deno.test({
  name: `append batch: the server dies in the middle, and everybody is answered in time${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start({ appendOnly: true });
    await using node = await EngineNode.start(engine.url, { timeoutMs: 2_000 });
    const publish = (i: number) =>
      node.driver.publish("c", publicationOf(`${i}`, { historySize: 10_000 }));
    assertEquals(brief(await publish(0)), "stored 1");
    engine.freeze();
    const first = Array.from({ length: 64 }, (_, i) => publish(i + 1));
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    const rest = Array.from({ length: 640 }, (_, i) => publish(i + 65));
    await engine.kill();
    const results = await Promise.all([...first, ...rest]);
    const unsent = results.filter((result) => !withStatus(result, "unavailable").mayBeDone);
    assert(unsent.length > 0, "what was not sent is known not to be done");
    assert(withStatus(results[0]!, "unavailable").mayBeDone);
    await node.waitFor("lost");
    await engine.start();
    await node.waitFor("up");
    assertEquals((await publish(999)).status, "stored");
    const numbers = (await node.history("c")).map(Number);
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertEquals(new Set(numbers).size, numbers.length);
  },
});
