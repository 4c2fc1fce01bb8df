/**
 * Two servers that share a Redis server, one of them over a path that is slow, held, and cut in the middle of messages: the clients
 * of both get every publication that is in the history, once, in its order, and none has to subscribe again.
 */

import { assert, assertEquals } from "@std/assert";
import { ChannelServer, OPEN_CHANNELS } from "../../support/channel_server.ts";
import { EngineNode, publicationOf, withStatus } from "../../support/engine_node.ts";
import { engineConfig } from "../../support/engines.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../support/redis_engine.ts";
import { type PathConnection, SlowPath } from "../../support/slow_path.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const CHANNEL = "chat:a";
const DECODER = new TextDecoder();

function serverAt(port: number): Promise<ChannelServer> {
  const engine = engineConfig({ url: `redis://127.0.0.1:${port}` });
  return ChannelServer.start({ ...OPEN_CHANNELS, engine });
}

/** A client that is subscribed, and what it has got. */
async function subscriber(server: ChannelServer) {
  const { centrifuge } = server.client();
  const subscription = centrifuge.newSubscription(CHANNEL, { recoverable: true });
  const got: string[] = [];
  subscription.on("publication", ({ offset, data }) => void got.push(`${offset} ${data}`));
  const counts = { subscribed: 0 };
  subscription.on("subscribed", () => counts.subscribed++);
  subscription.subscribe();
  centrifuge.connect();
  await within(subscription.ready(), { what: "the subscription" });
  const publish = (text: string) => subscription.publish(text).then(() => true, () => false);
  return { publish, got, counts };
}

/** The connection of the path that listens, or the one for commands. */
function connectionOf(path: SlowPath, kind: "listening" | "commands"): PathConnection {
  const all = [...path.connections];
  const found = all.findLast(({ opening }) =>
    /subscribe/.test(opening) === (kind === "listening") && opening !== ""
  );
  if (found === undefined) throw new Error(`there is no ${kind} connection`);
  return found;
}

Deno.test({
  name: `slow path: slow, cut in mid-frame, held: every publication once, in order${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn(t) {
    await using redis = await RedisEngine.start();
    await using path = new SlowPath(redis.port);
    await using far = await serverAt(path.port);
    await using near = await serverAt(redis.port);
    await using direct = await EngineNode.start(redis.url);
    const there = await subscriber(far);
    const here = await subscriber(near);

    const history = async () => {
      const texts: string[] = [];
      for (let from = 1;;) {
        const page = withStatus(await direct.driver.range(CHANNEL, { from, limit: 1000 }), "read");
        for (const { offset, data } of page.entries) {
          texts.push(`${offset} ${JSON.parse(DECODER.decode(data))}`);
        }
        if (!page.hasMore) return texts;
        from = page.entries.at(-1)!.offset + 1;
      }
    };
    const countLosses = () => far.warnings.filter((text) => text.includes("is lost")).length;
    let losses = 0;
    const lost = () => waitFor(() => countLosses() > losses, { what: "the loss of the engine" });
    /** Publishes a text by the far server as soon as that goes, and waits until all is as the history is. */
    const settle = async (last: string) => {
      await waitFor(() => there.publish(last), { what: "a publication that is not refused" });
      for (const { got } of [here, there]) {
        await waitFor(() => got.at(-1)?.endsWith(` ${last}`), { what: `the publication ${last}` });
      }
      const all = await history();
      assertEquals([here.got, there.got], [all, all]);
      assertEquals([here.counts.subscribed, there.counts.subscribed], [1, 1]);
      losses = countLosses();
    };

    await t.step("300 ms each way", async () => {
      path.delayMs = 300;
      const texts = Array.from({ length: 8 }, (_, i) => `slow ${i}`);
      const stored = await Promise.all(
        texts.map((text, i) => (i % 2 === 0 ? here : there).publish(text)),
      );
      assert(stored.every(Boolean));
      await settle("slow end");
      path.delayMs = 0;
    });

    await t.step("cut within a publication: it is refused, and not stored", async () => {
      const cut = path.cutWithin("up", "half a publication", 6);
      assert(!await there.publish("half a publication"));
      await cut;
      await here.publish("beside it");
      await settle("after a half publication");
      assert(!(await history()).some((text) => text.includes("half a publication")));
    });

    await t.step("cut within a reply: it is refused, and may be stored, once", async () => {
      const cut = path.cutWithin("down", "stored", 3);
      assert(!await there.publish("half a reply"));
      await cut;
      await settle("after half of the reply");
      assertEquals((await history()).filter((text) => text.endsWith("half a reply")).length, 1);
    });

    await t.step("cut within a push: it is read again", async () => {
      const cut = path.cutWithin("down", "half a push", 6);
      assert(await here.publish("half a push"));
      await cut;
      await settle("after half of the push");
    });

    await t.step("the listening connection alone is held: the probe finds it", async () => {
      const listening = connectionOf(path, "listening");
      listening.hold("down");
      for (let i = 0; i < 5; i++) assert(await here.publish(`unheard ${i}`));
      await lost();
      listening.release("down");
      await settle("after the silence");
    });

    await t.step("commands that arrive too late are not carried out", async () => {
      const commands = connectionOf(path, "commands");
      commands.hold("up");
      assert(!await there.publish("late"));
      await lost();
      await settle("after the late one");
      commands.release("up");
      await commands.ended;
      await settle("long after the late one");
      assert(!(await history()).some((text) => text.endsWith(" late")));
    });

    await t.step("a listener that reads too slowly is closed by the server", async () => {
      await redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 65536 0 0");
      const listeners = async () =>
        (await redis.command("CLIENT", "LIST", "TYPE", "pubsub"))
          .split("\n").length;
      const before = await listeners();
      connectionOf(path, "listening").hold("down");
      const filling = JSON.stringify("x".repeat(60_000));
      let isClosed = false;
      for (let i = 0; i < 400 && !isClosed; i++) {
        const more = { historySize: 100_000, historyTtlMs: 600_000 };
        await direct.driver.publish(CHANNEL, publicationOf(filling, more));
        isClosed = await listeners() < before;
      }
      assert(isClosed, "Redis has closed the connection that listens");
      await settle("after the flood");
    });
  },
});
