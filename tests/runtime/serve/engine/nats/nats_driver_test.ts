/** The driver against a real nats-server: what is so with JetStream alone; see drivers_test.ts and faults_test.ts. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { inspectEngine } from "../../../../../runtime/serve/engine/mod.ts";
import { docsBlock } from "../../../../support/docs_block.ts";
import {
  attemptAt,
  EngineNode,
  publicationOf,
  withStatus,
} from "../../../../support/engine_node.ts";
import { NATS_SERVER, NatsEngine, NO_NATS } from "../../../../support/nats_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

const ignore = NATS_SERVER === undefined;
const STREAM = "test:_channels";

/** The sequences of the stream's messages of a channel: how many there are. */
async function storedOf(engine: NatsEngine, channel: string): Promise<number> {
  const subject = `test:.c.${channel}`;
  const { state } = await engine.ask(`STREAM.INFO.${STREAM}`, { subjects_filter: subject }) as {
    state: { subjects?: Record<string, number> };
  };
  return state.subjects?.[subject] ?? 0;
}

Deno.test({
  name: `nats driver: three nodes write in one channel, and the offsets have no hole${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using stack = new AsyncDisposableStack();
    const nodes: EngineNode[] = [];
    for (let i = 0; i < 3; i++) nodes.push(stack.use(await EngineNode.start(engine.url)));
    await nodes[0]!.driver.listen("c");
    const results = await Promise.all(
      Array.from(
        { length: 90 },
        (_, i) => nodes[i % 3]!.driver.publish("c", publicationOf(`${i}`)),
      ),
    );
    const offsets = results.map((result) => withStatus(result, "stored").offset);
    const all = Array.from({ length: 90 }, (_, i) => i + 1);
    assertEquals(offsets.toSorted((a, b) => a - b), all);
    await waitFor(() => nodes[0]!.messages.length === 90, { what: "all messages" });
    let tag = "";
    for (const [i, { message }] of nodes[0]!.messages.entries()) {
      if (message.kind !== "publication") throw new Error(message.kind);
      assertEquals([message.offset, message.previousTag], [i + 1, tag]);
      tag = message.tag;
    }
    for (let node = 0; node < 3; node++) {
      const own = offsets.filter((_, i) => i % 3 === node);
      assertEquals(own, own.toSorted((a, b) => a - b), "the order of the calls");
    }
  },
});

Deno.test({
  name: `nats driver: one idempotency key at two nodes at once is stored once${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using one = await EngineNode.start(engine.url);
    await using two = await EngineNode.start(engine.url);
    const idempotencyKey = new TextEncoder().encode("key");
    await one.driver.publish("other", publicationOf("x", { idempotencyKey }));
    const results = await Promise.all(
      [one, two, one, two].map(({ driver }) =>
        driver.publish("c", publicationOf("x", { idempotencyKey }))
      ),
    );
    assertEquals(results.map(({ status }) => status).sort(), [
      ...["repeated", "repeated", "repeated", "stored"],
    ]);
    assertEquals(results.map((result) => "offset" in result && result.offset), [1, 1, 1, 1]);
    assertEquals(await one.history("c"), ["x"]);
  },
});

Deno.test({
  name: `nats driver: a channel whose newest record is gone goes on in a new epoch${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using node = await EngineNode.start(engine.url);
    await using other = await EngineNode.start(engine.url);
    const publish = async ({ driver }: EngineNode) =>
      withStatus(await driver.publish("c", publicationOf("x")), "stored");
    const { epoch } = await publish(node);
    await engine.ask(`STREAM.PURGE.${STREAM}`, { filter: "test:.c.c" });
    for (const each of [other, node, other]) assert((await publish(each)).offset > 0);
    const fresh = await publish(other);
    assertEquals([fresh.offset, fresh.epoch === epoch], [4, false]);
    assertEquals((await node.history("c")).length, 4);
  },
});

Deno.test({
  name:
    `nats driver: what nobody can see any more is removed, the first record of the stream too${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using node = await EngineNode.start(engine.url);
    const { driver } = node;
    for (let i = 1; i <= 100; i++) {
      await driver.publish("c", publicationOf(`${i}`, { historySize: 10 }));
    }
    await waitFor(async () => await storedOf(engine, "c") <= 10 + 16, { what: "the removal" });
    assertEquals(await node.history("c"), Array.from({ length: 10 }, (_, i) => `${i + 91}`));
    await driver.listen("c");
    assertEquals(await driver.removeHistory("c"), { status: "done" });
    await waitFor(async () => await storedOf(engine, "c") === 1, { what: "the removal of all" });
    await waitFor(() => node.messages.at(-1)?.message.kind === "removed", { what: "the message" });
    assertEquals(await node.history("c"), []);
    assertEquals(
      withStatus(await driver.publish("c", publicationOf("next")), "stored").offset,
      101,
    );
    assertEquals(await node.history("c"), ["next"]);
    assertEquals(await driver.removeHistory("unknown"), { status: "done" });
  },
});

Deno.test({
  name: `nats driver: a time beyond a day makes the stream keep longer${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using node = await EngineNode.start(engine.url);
    const historyTtlMs = 48 * 3_600_000;
    await node.driver.publish("c", publicationOf("x", { historyTtlMs }));
    const { config } = await engine.ask(`STREAM.INFO.${STREAM}`, {}) as {
      config: { max_age: number };
    };
    assertEquals(config.max_age, historyTtlMs * 1e6);
  },
});

Deno.test({
  name:
    `nats driver: without room it is "full", no offset is skipped, and it goes on later${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using node = await EngineNode.start(engine.url);
    const info = await engine.ask(`STREAM.INFO.${STREAM}`, {}) as { config: object };
    const limit = (max_bytes: number) =>
      engine.ask(`STREAM.UPDATE.${STREAM}`, { ...info.config, max_bytes });
    const first = withStatus(await node.driver.publish("c", publicationOf("1")), "stored");
    await limit(1_000);
    const large = publicationOf("x".repeat(2_000));
    for (let i = 0; i < 3; i++) {
      assertEquals((await node.driver.publish("c", large)).status, "full");
    }
    assertEquals(node.driver.status, "up");
    await limit(-1);
    const second = await node.driver.publish("c", publicationOf("2"));
    assertEquals(second, { ...first, offset: 2 });
    assertEquals(await node.history("c"), ["1", "2"]);
    const tooLong = publicationOf("x".repeat(1_048_576));
    const refused = withStatus(await node.driver.publish("c", tooLong), "unavailable");
    assert(refused.reason.includes("max_payload") && !refused.mayBeDone, refused.reason);
    assertEquals(node.driver.status, "up");
  },
});

Deno.test({
  name:
    `nats driver: JetStream that is off, and streams of others, are refused with a reason${NO_NATS}`,
  ignore,
  fn: async () => {
    await using plain = await NatsEngine.start({ jetstream: "" });
    const inspect = ({ url }: NatsEngine, password?: string) =>
      inspectEngine({
        ...{ url, prefix: "test:", timeoutMs: 5000 },
        ...(password === undefined ? {} : { password }),
      });
    assert(/JetStream is off.*-js/.test((await inspect(plain)).fault ?? ""));
    const { reason } = await attemptAt(plain.url);
    assert(/JetStream is off.*-js/.test(reason ?? ""), reason);

    await using engine = await NatsEngine.start();
    const { text, fault } = await inspect(engine);
    assertEquals([/^NATS 2\.\d+\.\d+ with JetStream$/.test(text), fault], [true, undefined]);
    const { streams } = await engine.ask("STREAM.NAMES", {}) as { streams: unknown };
    assertEquals(streams, null, "--check makes nothing");
    await engine.ask(`STREAM.CREATE.${STREAM}`, { name: STREAM, subjects: ["test:.c.*"] });
    assert(/has another republish/.test((await inspect(engine)).fault ?? ""));
    assert(/has another republish/.test((await attemptAt(engine.url)).reason ?? ""));
    await engine.kill();
    assert(/refused/.test((await inspect(engine)).fault ?? ""));
  },
});

Deno.test({
  name: `nats driver: a stream that is deleted is made again, and followers are told${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using node = await EngineNode.start(engine.url, { timeoutMs: 2000 });
    const { driver } = node;
    const { epoch } = withStatus(await driver.publish("c", publicationOf("1")), "stored");
    const at = withStatus(await driver.state("c"), "known");
    await engine.ask(`STREAM.DELETE.${STREAM}`, {});
    assertEquals((await driver.publish("c", publicationOf("2"))).status, "unavailable");
    await waitFor(() => node.statuses.includes("lost"), { what: "the loss of the link" });
    await node.waitFor("up");
    const after = withStatus(await driver.state("c", at), "known");
    assertNotEquals(after.epoch, epoch);
  },
});

Deno.test({
  name:
    `nats driver: a stream that others make again without deliveries ends the link, and it heals${NO_NATS}`,
  ignore,
  fn: async () => {
    await using engine = await NatsEngine.start();
    await using node = await EngineNode.start(engine.url, { timeoutMs: 2000 });
    const info = await engine.ask(`STREAM.INFO.${STREAM}`, {}) as { config: object };
    const { republish: _, ...silent } = info.config as { republish: unknown };
    await engine.ask(`STREAM.DELETE.${STREAM}`, {});
    await engine.ask(`STREAM.CREATE.${STREAM}`, silent);
    await waitFor(() => node.warnings.length > 0, { what: "a warning" });
    assert(/was deleted, and made again/.test(node.losses[0] ?? ""), node.losses[0]);
    assert(/has another republish than it needs/.test(node.warnings[0]!), node.warnings[0]);
    await engine.ask(`STREAM.DELETE.${STREAM}`, {});
    await node.waitFor("up");
    await node.driver.listen("c");
    assertEquals((await node.driver.publish("c", publicationOf("1"))).status, "stored");
    await waitFor(() => node.texts.length === 1, { what: "the message" });
  },
});

Deno.test({
  name: `nats driver: passwords and tokens${NO_NATS}`,
  ignore,
  fn: async () => {
    const rows = [
      ["authorization { user: app, password: secret }", "nats://app@127.0.0.1"],
      ["authorization { token: secret }", "nats://127.0.0.1"],
      // The rights that the page names.
      [
        docsBlock({ page: "docs/channels/engine.md", heading: "NATS", language: "conf" })
          .replaceAll("async-deno:", "test:").replace("PASSWORD", "secret"),
        "nats://app@127.0.0.1",
      ],
    ] as const;
    for (const [config, start] of rows) {
      await using engine = await NatsEngine.start({ config });
      const url = `${start}:${engine.port}`;
      const { reason, warnings } = await attemptAt(url, { password: "secret" });
      assertEquals([reason, warnings], [undefined, []]);
      await using node = await EngineNode.start(url, { password: "secret" });
      assertEquals((await node.driver.publish("c", publicationOf("x"))).status, "stored");
      assertEquals(await node.history("c"), ["x"]);
      for (const password of ["wrong", undefined]) {
        const secrets = password === undefined ? {} : { password };
        const { reason } = await attemptAt(url, secrets);
        assert(/authorization.*engine_password_file/i.test(reason ?? ""), reason);
      }
    }
  },
});
