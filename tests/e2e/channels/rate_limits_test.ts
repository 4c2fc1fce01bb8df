/** Limits of a namespace for real clients: on both workers, over all transports, as requests, and in the metrics. */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { Backend, sign } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import { type ChannelClient, connected, subscribe } from "../../support/channel_server.ts";
import { Metrics } from "../../support/metrics.ts";
import { PusherServer } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Slow enough that no token comes back during a test. */
const FIVE = { count: 5, time: 3_600_000 };
const NAMESPACES = {
  user: { ...OPEN, rateLimits: { publish_limit_per_user: FIVE, history_limit_per_user: FIVE } },
  channel: { ...OPEN, rateLimits: { publish_limit_per_channel: FIVE } },
  calm: { ...OPEN, rateLimits: { subscribe_limit_per_user: { count: 2, time: 1_000 } } },
  soon: { ...OPEN, rateLimits: { publish_limit_per_user: { count: 1, time: 50 } } },
};
const ADMIN = { hostname: "127.0.0.1", port: 0 };

type Outcome = "published" | 111;

/** A store that is busy for a moment is no limit. */
async function publish({ centrifuge }: ChannelClient, channel: string): Promise<Outcome> {
  for (let attempts = 0;; attempts++) {
    try {
      await centrifuge.publish(channel, { attempts });
      return "published";
    } catch (error) {
      const { code, temporary } = error as { readonly code: number; readonly temporary?: boolean };
      assert(temporary === true && attempts < 100, `error ${code}`);
      if (code === 111) return code;
    }
  }
}

function count(outcomes: readonly Outcome[]): number {
  return outcomes.filter((one) => one === "published").length;
}

Deno.test("rate limits: a user with clients on two workers and over all transports has one budget", async () => {
  const monitoring = { ...DEFAULT_CONFIG.monitoring, admin: ADMIN };
  await using backend = await Backend.start({ namespaces: NAMESPACES }, { monitoring });
  const { server } = backend;
  const token = await sign({ sub: "ann" });
  const clients = Array.from({ length: 12 }, () => server.client({ token }));
  clients.push(
    server.streamClient("sse", { token }),
    server.streamClient("http_stream", { token }),
  );
  for (const client of clients) await connected(client);
  const workers = new Set(clients.map((client) => client.worker()).filter((one) => one >= 0));
  assertEquals(workers.size, 2, "both workers serve the user");
  const all = (channel: string) =>
    Promise.all(clients.map((client, i) => publish(client, `${channel}:${i % 3}`)));
  assertEquals(count(await all("user")), 5, "in all channels of the namespace together");
  assertEquals(count(await all("user")), 0);
  const bob = server.client({ token: await sign({ sub: "bob" }) });
  await connected(bob);
  assertEquals(await publish(bob, "user:0"), "published", "others have their own");
  await backend.publish("user:0", "a backend has no limit");

  const metrics = await Metrics.of(`http://127.0.0.1:${server.executor.adminAddress!.port}`);
  const labels = { limit: "publish_limit_per_user" };
  const refused = 2 * clients.length - 5;
  assertEquals(metrics.sum("async_deno_channel_limit_exceeded_total", labels), refused);
});

Deno.test("rate limits: a channel has one budget for all clients, and a token comes back", async () => {
  await using backend = await Backend.start({ namespaces: NAMESPACES });
  const [here, there] = await backend.server.clientsOnBoth(1);
  const both = [here[0]!, there[0]!];
  const outcomes: Outcome[] = [];
  for (let i = 0; i < 5; i++) {
    outcomes.push(...await Promise.all(both.map((one) => publish(one, "channel:a"))));
  }
  assertEquals(count(outcomes), 5);
  assertEquals(await publish(both[0]!, "channel:b"), "published");
  for (const what of ["a publication", "another one, a moment later"]) {
    await waitFor(async () => await publish(both[0]!, "soon:a") === "published", { what });
  }
});

Deno.test("rate limits: a client that subscribes too often tries again by itself", async () => {
  await using backend = await Backend.start({ namespaces: NAMESPACES });
  const token = await sign({ sub: "ann" });
  const clients = [backend.server.client({ token }), backend.server.client({ token })];
  for (const client of clients) await connected(client);
  const received = await Promise.all(
    Array.from({ length: 6 }, (_, i) => subscribe(clients[i % 2]!, `calm:${i}`)),
  );
  assert(received.every(({ subscribed }) => subscribed.length === 1));
  const errors = received.flatMap((one) => one.errors);
  assert(errors.length > 0 && errors.every((code) => code === 111), errors.join());
  assertEquals(received.flatMap(({ unsubscribed }) => unsubscribed), []);
});

Deno.test("rate limits: requests for histories count with the user's commands", async () => {
  await using backend = await Backend.start({ namespaces: NAMESPACES });
  const token = await sign({ sub: "ann" });
  const client = backend.server.client({ token });
  await connected(client);
  for (let i = 0; i < 2; i++) await client.centrifuge.history("user:a", { limit: 1 });
  const path = `/channels/history?channel=user:a&token=${token}`;
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await backend.get(path))[0]);
  assertEquals(statuses, [200, 200, 200, 429]);
  const [status, text, fields] = await backend.get(path);
  assertEquals([status, fields.get("retry-after")], [429, "1"]);
  assert(text.startsWith('You read histories of channels like "user:a" too often'), text);
  assertEquals((await backend.get(`/channels/history?channel=user:a`))[0], 200, "nobody's");
});

Deno.test("rate limits: events of Pusher clients, by the user's budget on all protocols", async () => {
  const shop = {
    ...OPEN,
    rateLimits: {
      publish_limit_per_user: FIVE,
      publish_limit_per_channel: { count: 8, time: 3_600_000 },
    },
  };
  const app = { clientEvents: true, clientEventsPerSecond: 1000 };
  await using server = await PusherServer.start(app, { namespaces: { shop, other: OPEN } });
  const centrifuge = server.backend.server.client({ token: await sign({ sub: "ann" }) });
  await connected(centrifuge);
  for (let i = 0; i < 2; i++) assertEquals(await publish(centrifuge, "shop:open"), "published");
  const names = ["ann", "ann", "bob", "carl"];
  const clients = names.map((name) => server.client(name));
  const errors: string[] = [];
  const seen: unknown[] = [];
  for (const client of clients) {
    client.connection.bind("error", (error) => errors.push(JSON.stringify(error)));
    client.subscribe("presence-room").bind("client-typing", (data) => seen.push(data));
  }
  const rooms = () => clients.map((client) => client.subscribe("presence-room"));
  await waitFor(() => rooms().every(({ subscribed }) => subscribed), { what: "subscriptions" });
  // Three are left of the user's five; each goes to the three others.
  for (let i = 0; i < 2; i++) {
    for (const room of rooms().slice(0, 2)) room.trigger("client-typing", 1);
  }
  await waitFor(() => errors.length === 1 && seen.length === 9, {
    what: () => `${errors} and ${seen.length} events`,
  });
  // Five are left of the channel's eight, and each of the others has five.
  for (let i = 0; i < 3; i++) for (const room of rooms().slice(2)) room.trigger("client-typing", 2);
  await waitFor(() => errors.length === 2 && seen.length === 24, {
    what: () => `${errors} and ${seen.length} events`,
  });
  for (const error of errors) assert(error.includes("4301") && error.includes("the app allows"));
  assert(clients.every(({ connection }) => connection.state === "connected"));
});
