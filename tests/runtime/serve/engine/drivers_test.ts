/** The drivers against real servers: what becomes of each state of a channel, the same with every engine. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type {
  EnginePosition,
  EnginePublication,
  EnginePublishResult,
  EngineStateResult,
} from "../../../../runtime/serve/engine/mod.ts";
import { EngineNode, publicationOf, withStatus } from "../../../support/engine_node.ts";
import { DRIVER_ENGINES } from "../../../support/engines.ts";
import { waitFor } from "../../../support/wait_for.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** The status of a result, and its offset if it has one. */
function brief(result: EnginePublishResult): string {
  return "offset" in result ? `${result.status} ${result.offset}` : result.status;
}

function known(result: EngineStateResult): EnginePosition {
  const { status: _, ...position } = withStatus(result, "known");
  return position;
}

/** Publications one after another: what each is told, and what is in the history at the end. */
const ROWS: readonly {
  readonly name: string;
  readonly publish: readonly Partial<EnginePublication>[];
  readonly expect: readonly string[];
  readonly history: readonly number[];
}[] = [
  {
    name: "offsets",
    publish: [{}, {}, {}],
    expect: ["stored 1", "stored 2", "stored 3"],
    history: [1, 2, 3],
  },
  {
    name: "size",
    publish: [{}, {}, { historySize: 2 }],
    expect: ["stored 1", "stored 2", "stored 3"],
    history: [2, 3],
  },
  {
    name: "no history",
    publish: [{ historySize: 0 }, { historyTtlMs: 0 }],
    expect: ["stored 1", "stored 2"],
    history: [],
  },
  {
    name: "hole",
    publish: [{}, { historySize: 0 }, {}],
    expect: ["stored 1", "stored 2", "stored 3"],
    history: [3],
  },
  {
    name: "live only",
    publish: [{}, { skipHistory: true }, {}],
    expect: ["stored 1", "stored 0", "stored 2"],
    history: [1, 2],
  },
  {
    name: "key",
    publish: [{ idempotencyKey: bytes("a") }, {}, { idempotencyKey: bytes("a") }, {
      idempotencyKey: bytes("b"),
    }],
    expect: ["stored 1", "stored 2", "repeated 1", "stored 3"],
    history: [1, 2, 3],
  },
  {
    name: "key of a live one",
    publish: [{ skipHistory: true, idempotencyKey: bytes("\xff") }, {
      idempotencyKey: bytes("\xff"),
    }],
    expect: ["stored 0", "repeated 0"],
    history: [],
  },
  {
    name: "version",
    publish: [[2, ""], [2, ""], [1, ""], [3, "x"], [1, "y"], [1, ""], [2 ** 53 - 1, ""]].map((
      [version, epoch],
    ) => ({
      version: { version: version as number, versionEpoch: bytes(epoch as string) },
    })),
    expect: ["stored 1", "skipped 1", "skipped 1", "stored 2", "stored 3", "skipped 3", "stored 4"],
    history: [1, 2, 3, 4],
  },
];

async function offsetsOf(node: EngineNode, channel: string): Promise<number[]> {
  const result = await node.driver.range(channel, { limit: 100 });
  return result.status === "read" ? result.entries.map(({ offset }) => offset) : [];
}

for (const { name: engineName, ignore, reason, start, endLeases } of DRIVER_ENGINES) {
  Deno.test({
    name: `${engineName} driver: publications, as the store answers them${reason}`,
    ignore,
    fn: async (t) => {
      await using engine = await start();
      await using node = await EngineNode.start(engine.url);
      for (const { name, publish, expect, history } of ROWS) {
        await t.step(name, async () => {
          const answers = await Promise.all(
            publish.map((more) => node.driver.publish(name, publicationOf("x", more))),
          );
          assertEquals(answers.map(brief), expect);
          assertEquals(await offsetsOf(node, name), history);
        });
      }
    },
  });

  Deno.test({
    name: `${engineName} driver: bytes, form and the chain of tags come through${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start();
      await using publisher = await EngineNode.start(engine.url);
      await using follower = await EngineNode.start(engine.url);
      const channel = "{a}%7D b\n.*>=ü$ ";
      const data = Uint8Array.from({ length: 256 }, (_, i) => i);
      const more = { data, fields: bytes("a\n b"), form: 7 as const };
      assertEquals((await follower.driver.listen(channel)).status, "done");
      for (let i = 0; i < 3; i++) await publisher.driver.publish(channel, publicationOf("", more));
      await waitFor(() => follower.messages.length === 3, { what: "three messages" });
      let previous = "";
      follower.messages.forEach(({ channel: name, message }, i) => {
        if (message.kind !== "publication") throw new Error(message.kind);
        assertEquals([name, message.offset, message.previousTag], [channel, i + 1, previous]);
        assertEquals([message.form, message.fields.length, message.historySize], [7, 4, 100]);
        assertEquals(new Uint8Array(message.data), data);
        previous = message.tag;
      });
      const query = { limit: 1, reverse: true };
      const result = withStatus(await follower.driver.range(channel, query), "read");
      assert(result.hasMore);
      const [entry] = result.entries;
      assertEquals([entry!.offset, entry!.tag, entry!.form], [3, previous, 7]);
      assertEquals(new Uint8Array(entry!.data), data);
      assertEquals(known(await follower.driver.state(channel)).tag, previous);
      await follower.driver.unlisten(channel);
      await publisher.driver.publish(channel, publicationOf("late"));
      assertEquals(
        await follower.driver.range(channel, { from: 4, limit: 9 }).then((read) =>
          read.status === "read" && read.entries.length
        ),
        1,
      );
      assertEquals(follower.messages.length, 3);
    },
  });

  Deno.test({
    name: `${engineName} driver: a history is read in pages, without what has expired${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start();
      await using node = await EngineNode.start(engine.url);
      const short = publicationOf("short", { historyTtlMs: 1 });
      await Promise.all(Array.from({ length: 70 }, () => node.driver.publish("c", short)));
      const long = publicationOf("long", { historySize: 1000 });
      await Promise.all(Array.from({ length: 200 }, () => node.driver.publish("c", long)));
      await waitFor(async () => (await offsetsOf(node, "c"))[0] === 71, { what: "the expiry" });
      assertEquals((await offsetsOf(node, "c")).length, 100);
      const page = async (query: { from?: number; limit: number; reverse?: boolean }) => {
        const result = withStatus(await node.driver.range("c", query), "read");
        const offsets = result.entries.map(({ offset }) => offset);
        return [offsets.length, offsets[0], offsets.at(-1), result.hasMore];
      };
      assertEquals(await page({ limit: 1000 }), [200, 71, 270, false]);
      assertEquals(await page({ from: 200, limit: 70 }), [70, 200, 269, true]);
      assertEquals(await page({ from: 200, limit: 71 }), [71, 200, 270, false]);
      assertEquals(await page({ limit: 100, reverse: true }), [100, 270, 171, true]);
      assertEquals(await page({ from: 100, limit: 100, reverse: true }), [30, 100, 71, false]);
      const large = publicationOf("x".repeat(400_000));
      for (let i = 0; i < 4; i++) await node.driver.publish("large", large);
      assertEquals((await offsetsOf(node, "large")).length, 2, "a page has at most 1 MiB");
    },
  });

  Deno.test({
    name: `${engineName} driver: a proof that does not hold begins a new epoch${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start();
      await using node = await EngineNode.start(engine.url);
      const { driver } = node;
      await driver.listen("c");
      for (let i = 0; i < 3; i++) await driver.publish("c", publicationOf("x"));
      const at = known(await driver.state("c"));
      const entries = withStatus(await driver.range("c", { limit: 3 }), "read");
      const second = { ...at, offset: 2, tag: entries.entries[1]!.tag };
      for (const proof of [at, second, { ...at, offset: 0, tag: "" }, { ...at, epoch: "o-1" }]) {
        assertEquals(known(await driver.state("c", proof)), at);
      }
      const wrong = [{ ...at, offset: 4, tag: "other" }, { ...at, tag: "other" }, {
        ...second,
        tag: "other",
      }];
      for (const [i, proof] of wrong.entries()) {
        const channel = `c${i}`;
        await driver.publish(channel, publicationOf("1"));
        await driver.publish(channel, publicationOf("2"));
        await driver.publish(channel, publicationOf("3"));
        const { epoch } = known(await driver.state(channel));
        const fresh = known(await driver.state(channel, { ...proof, epoch }));
        assertNotEquals(fresh.epoch, epoch);
        assertEquals([fresh.offset, fresh.tag], [0, ""]);
        assertEquals(await offsetsOf(node, channel), []);
        assertEquals(brief(await driver.publish(channel, publicationOf("1"))), "stored 1");
      }
    },
  });

  Deno.test({
    name:
      `${engineName} driver: members of all nodes, and those of a node whose lease is gone${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start();
      await using one = await EngineNode.start(engine.url);
      await using two = await EngineNode.start(engine.url);
      const clients = async () => {
        return withStatus(await two.driver.members("c"), "read").members.map(({ client }) => client)
          .sort();
      };
      const member = (client: string) => ({
        client,
        user: "u",
        info: bytes(client),
        announce: true,
      });
      await two.driver.listen("c");
      const kinds = () => two.messages.map(({ message }) => message.kind);
      assertEquals(await one.driver.join("c", member("a")), { status: "joined" });
      assertEquals(await one.driver.join("c", member("a")), { status: "joined" });
      assertEquals(await two.driver.join("c", member("b")), { status: "joined" });
      assertEquals(await clients(), ["a", "b"]);
      assertEquals(await two.driver.leave("c", "b"), { status: "done" });
      assertEquals(await two.driver.leave("c", "b"), { status: "done" });
      await waitFor(() => kinds().length >= 3, { what: "the leaving" });
      assertEquals(kinds(), ["join", "join", "leave"]);
      await endLeases(engine);
      await waitFor(() => one.membersLost === 1, { what: "the loss of members" });
      await waitFor(() => kinds().length >= 4, { what: "the leaving of the dead node's member" });
      assertEquals([kinds().at(-1), ...await clients()], ["leave"]);
      await one.driver.join("c", member("a"));
      assertEquals(await clients(), ["a"]);
      await one.driver.close();
      assertEquals(await clients(), []);
    },
  });

  Deno.test({
    name:
      `${engineName} driver: another process goes on as a node, whose members notice nothing${reason}`,
    ignore,
    fn: async () => {
      await using engine = await start();
      await using watcher = await EngineNode.start(engine.url);
      await using heir = await EngineNode.start(engine.url);
      const old = await EngineNode.start(engine.url);
      const member = { client: "a", user: "u", info: bytes("a"), announce: true };
      const clients = async () =>
        withStatus(await watcher.driver.members("c"), "read").members.map(({ client }) => client);
      await watcher.driver.listen("c");
      const kinds = () => watcher.messages.map(({ message }) => message.kind);
      assertEquals(await old.driver.join("c", member), { status: "joined" });
      await waitFor(() => kinds().length > 0, { what: "the joining" });
      heir.driver.takeNode(old.driver.node, [{ channel: "c", member }]);
      old.driver.giveUpNode();
      await old.driver.close();
      assertEquals(await clients(), ["a"]);
      assertEquals(await heir.driver.join("c", member), { status: "joined" });
      assertEquals(await clients(), ["a"]);
      assertEquals(await heir.driver.leave("c", "a"), { status: "done" });
      assertEquals(await clients(), []);
      await waitFor(() => kinds().length > 1, { what: "the leaving" });
      assertEquals(kinds(), ["join", "leave"]);
      assertEquals([heir.membersLost, heir.warnings], [0, []]);
    },
  });
}
