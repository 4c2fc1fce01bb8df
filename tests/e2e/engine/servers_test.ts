/**
 * Two servers of one Redis server, as backends and clients use them: what is asked of one of them is about the clients of both.
 */

import { assertEquals } from "@std/assert";
import type { Centrifuge } from "npm:centrifuge@5.8.0";
import { Backend, sign } from "../../support/channel_backend.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../support/redis_engine.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Two servers. */
interface Both {
  readonly first: Backend;
  readonly second: Backend;
}

/** A server on an engine. */
function serverOn({ url }: RedisEngine): Promise<Backend> {
  const engine = { url, prefix: "test:", password: undefined, caFile: undefined };
  return Backend.start({ engine });
}

/** What happens to a client by itself, without its asking. */
function eventsOf(centrifuge: Centrifuge): string[] {
  const events: string[] = [];
  centrifuge.on("subscribed", ({ channel }) => void events.push(`subscribed ${channel}`));
  centrifuge.on("unsubscribed", ({ channel }) => void events.push(`unsubscribed ${channel}`));
  centrifuge.on("publication", ({ data }) => void events.push(`got ${data}`));
  centrifuge.on("disconnected", ({ code }) => void events.push(`disconnected ${code}`));
  return events;
}

/** A connected client of a user, and what happens to it. */
async function clientOf({ server }: Backend, user: string) {
  const client = server.client({ token: await sign({ sub: user }) });
  const events = eventsOf(client.centrifuge);
  await connected(client);
  return { ...client, events };
}

/** Waits until exactly this has happened to all clients. */
async function happens(all: readonly { events: string[] }[], ...expected: string[]): Promise<void> {
  for (const { events } of all) {
    await waitFor(() => events.length >= expected.length, {
      what: () => `${expected}; there is ${events}`,
    });
    assertEquals(events, expected);
    events.length = 0;
  }
}

/** A client recovers on the other server, and each lists the clients of both. */
async function recovery({ first, second }: Both): Promise<void> {
  const [here, there] = [first.server.client(), second.server.client()];
  await connected(here);
  await subscribe(here, "chat:b");
  const subscription = here.centrifuge.getSubscription("chat:b")!;
  for (let i = 1; i <= 5; i++) await subscription.publish(`${i}`);
  const { epoch } = await subscription.history({ limit: 0 });
  await connected(there);
  const got = await subscribe(there, "chat:b", { since: { offset: 2, epoch }, recoverable: true });
  await waitFor(() => got.data.length === 3, { what: "what was published since" });
  assertEquals([got.offsets, got.data], [[3, 4, 5], ["3", "4", "5"]]);
  const other = there.centrifuge.getSubscription("chat:b")!;
  const { publications } = await other.history({ limit: 2, reverse: true });
  assertEquals(publications.map(({ offset }) => offset), [5, 4]);
  for (const either of [subscription, other]) {
    assertEquals((await either.presenceStats()).numClients, 2);
  }
  for (const { centrifuge } of [here, there]) centrifuge.disconnect();
}

/** What a backend asks of one server about connections is done on both. */
async function requests({ first, second }: Both): Promise<void> {
  const all = [await clientOf(first, "ann"), await clientOf(second, "ann")];
  const other = await clientOf(second, "ben");
  const channel = "chat:asked";
  await first.ask("subscribe", { user: "ann", channel });
  await happens(all, `subscribed ${channel}`);
  await second.publish(channel, "news");
  await happens(all, "got news");
  await second.ask("unsubscribe", { user: "ann", channel });
  await happens(all, `unsubscribed ${channel}`);
  await second.ask("refresh", { user: "ann", expire_at: Math.ceil(Date.now() / 1000) + 3_600 });
  await first.ask("disconnect", { user: "ann", disconnect: { code: 4_500, reason: "enough" } });
  await happens(all, "disconnected 4500");
  assertEquals([other.events, other.centrifuge.state], [[], "connected"]);
  other.centrifuge.disconnect();
}

Deno.test({
  name: `two servers: backends and clients use either${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn(t) {
    await using redis = await RedisEngine.start();
    await using first = await serverOn(redis);
    await using second = await serverOn(redis);
    const both = { first, second };
    const step = async (name: string, run: (both: Both) => Promise<void>) => {
      await t.step(name, () => run(both));
    };
    await step("a client recovers on the other server", recovery);
    await step("what is asked about connections is done on both", requests);
  },
});
