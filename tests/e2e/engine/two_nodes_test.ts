/**
 * Two servers that share an engine: clients of both see the same publications in the same order, also after the engine was gone.
 */

import { assertEquals } from "@std/assert";
import { ChannelServer, OPEN_CHANNELS } from "../../support/channel_server.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { waitFor, within } from "../../support/wait_for.ts";

/** A server on an engine. */
function node(engine: TestEngine): Promise<ChannelServer> {
  return ChannelServer.start({ ...OPEN_CHANNELS, engine: engineConfig(engine) });
}

/** A client that is subscribed, and what it has got. */
async function subscriber(server: ChannelServer, channel: string) {
  const { centrifuge } = server.client();
  const subscription = centrifuge.newSubscription(channel, { recoverable: true });
  const got: string[] = [];
  /** Of each subscription: whether it has recovered. */
  const recoveries: boolean[] = [];
  subscription.on("publication", ({ offset, data }) => void got.push(`${offset} ${data}`));
  subscription.on("subscribed", ({ recovered }) => void recoveries.push(recovered));
  subscription.subscribe();
  centrifuge.connect();
  await within(subscription.ready(), { what: "the subscription" });
  return { subscription, got, recoveries };
}

type Subscriber = Awaited<ReturnType<typeof subscriber>>;

/** Publishes as soon as the engine takes it. */
async function publishAtLast({ subscription }: Subscriber, text: string): Promise<void> {
  await waitFor(() => subscription.publish(text).then(() => true, () => false), {
    what: "a publication that is not refused",
  });
}

async function publishTwenty(here: Subscriber, there: Subscriber): Promise<string[]> {
  for (let i = 1; i <= 20; i++) await (i % 2 === 0 ? here : there).subscription.publish(`${i}`);
  const all = Array.from({ length: 20 }, (_, i) => `${i + 1} ${i + 1}`);
  for (const { got } of [here, there]) {
    await waitFor(() => got.length >= 20, { what: "20 publications" });
    assertEquals(got, all);
  }
  return all;
}

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name:
      `two nodes: an engine (${engineName}) that comes back with its data has lost nothing${reason}`,
    ignore,
    async fn() {
      await using engine = await start({ keepsData: true });
      await using first = await node(engine);
      await using second = await node(engine);
      const [here, there] = [await subscriber(first, "chat:a"), await subscriber(second, "chat:a")];
      const all = await publishTwenty(here, there);
      await engine.kill();
      await engine.start();
      await publishAtLast(here, "21");
      for (const { got } of [here, there]) {
        await waitFor(() => got.some((text) => text.endsWith(" 21")), { what: "publication 21" });
        assertEquals(got.slice(0, 20), all);
      }
    },
  });

  Deno.test({
    name:
      `two nodes: if an engine (${engineName}) comes back without its data, each client is told${reason}`,
    ignore,
    async fn() {
      await using engine = await start();
      await using first = await node(engine);
      await using second = await node(engine);
      const [here, there] = [await subscriber(first, "chat:a"), await subscriber(second, "chat:a")];
      await publishTwenty(here, there);
      await engine.kill();
      await engine.start();
      for (const { recoveries } of [here, there]) {
        await waitFor(() => recoveries.length > 1, { what: "another subscription" });
        assertEquals(recoveries.at(-1), false);
      }
      await publishAtLast(there, "new");
      for (const { got } of [here, there]) {
        await waitFor(() => got.at(-1)?.endsWith(" new"), { what: "the new publication" });
      }
    },
  });
}
