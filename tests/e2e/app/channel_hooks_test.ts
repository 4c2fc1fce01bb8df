/**
 * What an app decides about the clients of channels, over each transport of the `centrifuge` client. From source, and with the executable.
 */

import { assert, assertEquals } from "@std/assert";
import { APP } from "../../../runtime/config/mod.ts";
import { Backend, sign } from "../../support/channel_backend.ts";
import {
  type AppChannelOptions,
  type AppChannelServer,
  startWithHooks,
} from "../../support/app_channel_server.ts";
import {
  type ChannelClient,
  connected,
  type ServerMore,
  subscribe,
} from "../../support/channel_server.ts";
import { fetchStream } from "../../support/plain_stream.ts";
import { REPOSITORY, startServer, waitFor, within } from "../../support/server.ts";
import { type AddTest, sharedBy } from "../../support/shared_server.ts";
import "../../support/load_libc.ts";

const FILE = new URL("tests/support/apps/hooks.js", REPOSITORY).pathname;
const WITH_APP: ServerMore = { app: { ...APP, file: FILE } };
// deno-lint-ignore no-explicit-any -- what the app publishes
type Json = any;
const TRANSPORTS = ["websocket", "sse", "http_stream"] as const;

function start(options: AppChannelOptions = {}): Promise<AppChannelServer> {
  return startWithHooks(FILE, options);
}

/** Tests that share a server; what they add ends the clients of each. */
function onServer(title: string): AddTest<AppChannelServer> {
  const add = sharedBy<AppChannelServer>(title, async (body) => {
    await using server = await start();
    await body(server);
  });
  return (name, body) =>
    add(name, async (server, step) => {
      try {
        await body(server, step);
      } finally {
        server.disconnectAll();
      }
    });
}

function clientOf(
  server: AppChannelServer,
  transport: (typeof TRANSPORTS)[number],
  data: unknown,
  more: Record<string, unknown> = {},
): ChannelClient {
  const options = { data, name: "tests", ...more };
  return transport === "websocket"
    ? server.client(options)
    : server.streamClient(transport, options);
}

/** Why a client has left for good, or was told to come back. */
function end({ centrifuge }: ChannelClient, event: "disconnected" | "connecting" | "error") {
  return within(
    // deno-lint-ignore no-explicit-any -- the context of whatever event
    new Promise<any>((resolve) => centrifuge.on(event, (context: any) => resolve(context))),
    { what: event },
  );
}

/** A client that knows what the app has published in a channel, on whichever worker. */
async function observerOf(server: AppChannelServer): Promise<(channel: string) => Promise<Json[]>> {
  const observer = clientOf(server, "websocket", { user: "ann" });
  await connected(observer);
  return async (channel) => {
    const { publications } = await observer.centrifuge.history(channel, { limit: 100 });
    return publications.map(({ data }) => data);
  };
}

for (const transport of TRANSPORTS) {
  const test = onServer(`channel hooks: over ${transport}`);

  test("connect decides", async (server) => {
    const ann = clientOf(server, transport, { user: "ann" }, { token: "any" });
    const told = within(
      // deno-lint-ignore no-explicit-any -- the context
      new Promise<any>((resolve) => ann.centrifuge.on("connected", resolve)),
      { what: "a connection" },
    );
    await connected(ann);
    assertEquals((await told).data, { transport, name: "tests", token: "any", hasClient: true });

    const banned = clientOf(server, transport, { user: "banned", slow: 5 });
    const why = end(banned, "disconnected");
    banned.centrifuge.connect();
    const { code, reason } = await why;
    assertEquals([code, reason], [4501, "you are banned"]);

    const early = clientOf(server, transport, { user: "early" });
    const gone = end(early, "disconnected");
    early.centrifuge.connect();
    assertEquals((await gone).code, 1000);

    const no = clientOf(server, transport, { user: "no" });
    const denied = end(no, "disconnected");
    no.centrifuge.connect();
    assertEquals((await denied).code, 103);

    // The config wants a token.
    const byConfig = clientOf(server, transport, { user: "by config" });
    const refused = end(byConfig, "disconnected");
    byConfig.centrifuge.connect();
    assertEquals((await refused).code, 3500);

    // A fault of the app is none of the client's business, and temporary.
    const fault = clientOf(server, transport, { user: "fault" });
    const failed = end(fault, "error");
    fault.centrifuge.connect();
    assertEquals((await failed).error.code, 100);
    await waitFor(() => server.warnings.some((text) => text.includes("connect has a fault")), {
      what: "the warning",
    });
    fault.centrifuge.disconnect();
  });

  test("subscribe, publish, rpc and send", async (server) => {
    const ann = clientOf(server, transport, { user: "ann" });
    await connected(ann);
    const { centrifuge } = ann;

    // The namespace is closed to clients; the app opens it for ann.
    const gate = await subscribe(ann, "closed:gate", { data: { key: 1 } });
    assertEquals(gate.subscribed[0]!.data, { welcome: { secret: "of ann" }, data: { key: 1 } });
    assertEquals((await subscribe(ann, "closed:other")).unsubscribed, [103]);
    assertEquals((await subscribe(ann, "chat:refused")).unsubscribed, [403]);
    assertEquals((await subscribe(ann, "chat:false")).unsubscribed, [103]);

    const lobby = await subscribe(ann, "chat:lobby");
    await centrifuge.publish("chat:lobby", { text: "hi" });
    await centrifuge.publish("chat:lobby", { by: "config" });
    await centrifuge.publish("chat:lobby", { raw: true, long: 1 });
    await waitFor(() => lobby.data.length === 3, { what: "three publications" });
    assertEquals(lobby.data, [
      { text: "hi", user: "ann", stamped: true, channel: "chat:lobby" },
      { by: "config" },
      { raw: true, long: 1 },
    ]);
    const error = await centrifuge.publish("chat:lobby", { bad: "this" }).catch((error) => error);
    assertEquals([error.code, error.message, error.temporary], [401, "not this", true]);
    await centrifuge.publish("chat:lobby", { skip: true });
    await waitFor(() => lobby.data.length === 4, { what: "the publication without an offset" });
    const { publications } = await centrifuge.history("chat:lobby", { limit: 10 });
    assertEquals(publications.length, 3);

    assertEquals((await centrifuge.rpc("add", { a: 1, b: 2 })).data, 3);
    assertEquals((await centrifuge.rpc("slow", {})).data, {
      user: "ann",
      meta: { secret: "of ann" },
    });
    assertEquals((await centrifuge.rpc("nothing", {})).data, null);
    assertEquals((await centrifuge.rpc("unknown", {}).catch((error) => error)).code, 104);
    const fault = await centrifuge.rpc("fault", {}).catch((error) => error);
    assertEquals([fault.code, fault.message], [100, "internal server error"]);

    await centrifuge.send({ to: "all" });
    await waitFor(() => lobby.data.length === 5, { what: "what was sent" });
    assertEquals(lobby.data[4], { user: "ann", data: { to: "all" } });
    const gone = end(ann, "disconnected");
    await centrifuge.send("leave");
    const { code, reason } = await gone;
    assertEquals([code, reason], [4503, "as you wish"]);
  });

  // On a server of its own: what others had on its connections keeps Deno's fetch from closing an HTTP stream.
  Deno.test(`channel hooks: disconnect is told who has left and why, over ${transport}`, async () => {
    await using server = await start();
    const told = await observerOf(server);
    const leaves = clientOf(server, transport, { user: "leaves" });
    await connected(leaves);
    const out = clientOf(server, transport, { user: "out" });
    await connected(out);
    const banned = clientOf(server, transport, { user: "banned" });
    const why = end(banned, "disconnected");
    banned.centrifuge.connect();
    await why;
    leaves.centrifuge.disconnect();
    const gone = end(out, "disconnected");
    out.centrifuge.newSubscription("chat:out").subscribe();
    await gone;
    let all: unknown[] = [];
    await waitFor(async () => (all = await told("chat:gone")).length >= 2, {
      what: () => `what the app was told: ${JSON.stringify(all)}; ${server.warnings}`,
    });
    all.sort();
    assertEquals(all, [
      ["leaves", transport, 3000, "connection closed", true],
      ["out", transport, 4502, "go away", true],
    ]);
  });
}

const onOne = onServer("channel hooks: on one server");

onOne("what connect returns: user and info in presence, channels at once", async (server) => {
  const ann = clientOf(server, "websocket", { user: "ann" });
  await connected(ann);
  await subscribe(ann, "chat:lobby");
  const { clients } = await ann.centrifuge.presence("chat:lobby");
  const [info] = Object.values(clients) as { user: string; connInfo: unknown }[];
  assertEquals([info!.user, info!.connInfo], ["ann", { color: "red" }]);
  const other = clientOf(server, "websocket", { user: "server" });
  const got: unknown[] = [];
  other.centrifuge.on("publication", ({ channel, data }: { channel: string; data: unknown }) => {
    got.push([channel, data]);
  });
  await connected(other);
  await ann.centrifuge.publish("chat:all", { raw: 1 });
  await waitFor(() => got.length > 0, { what: "a publication" });
  assertEquals(got, [["chat:all", { raw: 1 }]]);
});

onOne(
  "what connect returns is checked: a date in milliseconds is a fault, a number is a user",
  async (server) => {
    const wrong = clientOf(server, "websocket", { user: "milliseconds" });
    const failed = end(wrong, "error");
    wrong.centrifuge.connect();
    assertEquals((await failed).error.code, 100);
    await waitFor(() => server.warnings.some((text) => text.includes("seconds since 1970")), {
      what: () => `the warning: ${server.warnings}`,
    });
    wrong.centrifuge.disconnect();
    const ann = clientOf(server, "websocket", { user: "number" });
    await connected(ann);
    assertEquals((await ann.centrifuge.rpc("slow", {})).data, { user: "42" });
  },
);

onOne("publish and server.publish give a publication its key", async (server) => {
  const ann = clientOf(server, "websocket", { user: "ann" });
  await connected(ann);
  const { centrifuge } = ann;
  const keys: unknown[] = [];
  const subscription = centrifuge.newSubscription("chat:lobby");
  subscription.on("publication", ({ tags }: { tags?: Record<string, string> }) => {
    keys.push(tags?.["key"]);
  });
  subscription.subscribe();
  await within(subscription.ready(), { what: "a subscription" });
  await centrifuge.publish("chat:lobby", { key: "A" });
  await centrifuge.publish("chat:lobby", { text: "without one" });
  await centrifuge.rpc("publish", { key: "B" });
  await centrifuge.rpc("publish", {});
  await waitFor(() => keys.length === 4, { what: () => `4 publications, not ${keys.length}` });
  assertEquals(keys, ["A", undefined, "B", undefined]);
  for (const key of [5, "x".repeat(256)]) {
    for (
      const attempt of [
        () => centrifuge.publish("chat:lobby", { key }),
        () => centrifuge.rpc("publish", { key }),
      ]
    ) {
      const error = await attempt().then(() => ({ code: 0 }), (error) => error);
      assertEquals(error.code, 100);
    }
  }
  await waitFor(() => server.warnings.some((text) => text.includes("at most 255 bytes")), {
    what: () => `the warning: ${server.warnings}`,
  });
});

onOne("refresh prolongs a connection, or it ends", async (server) => {
  const told = await observerOf(server);
  const codes = new Map<string, number>();
  for (const user of ["short", "once"]) {
    const client = clientOf(server, "websocket", { user });
    await connected(client);
    // It comes back, and ends again.
    client.centrifuge.on("connecting", ({ code }: { code: number }) => {
      if (!codes.has(user)) codes.set(user, code);
    });
  }
  await waitFor(() => codes.size === 2, { what: "both ends" });
  assertEquals([codes.get("short"), codes.get("once")], [3005, 3005]);
  const refreshed = await told("chat:refreshed");
  const leftOf = (user: string) => {
    const [[first]] = refreshed.filter(([, its]) => its === user);
    return refreshed.filter(([client]) => client === first).map(([, , left]) => left);
  };
  assertEquals([leftOf("short"), leftOf("once")], [[1, 0], [0]]);
});

onOne("subRefresh prolongs a subscription, or it ends with 2501", async (server) => {
  const told = await observerOf(server);
  const ann = clientOf(server, "websocket", { user: "ann" });
  await connected(ann);
  const codes: number[] = [];
  const subscription = ann.centrifuge.newSubscription("chat:short");
  subscription.on("subscribing", ({ code }: { code: number }) => codes.push(code));
  subscription.subscribe();
  await waitFor(() => codes.includes(2501), { what: "the end of the subscription" });
  const refreshed = (await told("chat:refreshed")).filter(([, its]) => its === "chat:short");
  assert(refreshed.length >= 2, JSON.stringify(refreshed));
});

Deno.test("channel hooks: a function that never answers is cut by --app-timeout, and the next command waits for it alone", async () => {
  await using server = await start({ timeout: 300 });
  const ann = clientOf(server, "websocket", { user: "ann" });
  await connected(ann);
  const never = ann.centrifuge.rpc("never", {}).catch((error) => error);
  const next = ann.centrifuge.rpc("add", { a: 1, b: 1 });
  const other = clientOf(server, "websocket", { user: "other" });
  await connected(other);
  assertEquals((await other.centrifuge.rpc("add", { a: 2, b: 2 })).data, 4);
  assertEquals((await never).code, 100);
  assertEquals((await next).data, 2);
  await waitFor(() => server.warnings.some((text) => text.includes("--app-timeout")), {
    what: "the warning",
  });
});

Deno.test("channel hooks: a token that the server verifies stays verified, and the app sees its user", async () => {
  await using backend = await Backend.start({}, WITH_APP);
  const { server } = backend;
  const ann = server.client({ token: await sign({ sub: "ann" }), data: {} });
  // deno-lint-ignore no-explicit-any -- the context
  const told = new Promise<any>((resolve) => ann.centrifuge.on("connected", resolve));
  await connected(ann);
  assertEquals((await told).data.token, "");
  assertEquals((await ann.centrifuge.rpc("slow", {})).data.user, "ann");
  const forged = server.client({ token: "forged", data: { user: "ann" } });
  const why = end(forged, "disconnected");
  forged.centrifuge.connect();
  assertEquals((await why).code, 3500);
});

onOne("plain streams ask connect and subscribe too", async (server) => {
  const told = await observerOf(server);
  const url = (query: string) => `${server.httpUrl}/channels/sse?${query}`;
  const refused = await fetch(url("channel=chat:refused"));
  assertEquals([refused.status, await refused.text()], [403, "no entry\n"]);
  const denied = await fetch(url("channel=closed:other"));
  assertEquals(denied.status, 403);
  await denied.body?.cancel();
  await using stream = await fetchStream(url("channel=chat:lobby"));
  const ann = clientOf(server, "websocket", { user: "ann" });
  await connected(ann);
  await ann.centrifuge.publish("chat:lobby", { raw: 1 });
  await waitFor(() => stream.seen.events.length > 0, { what: "an event" });
  await stream.cut();
  await waitFor(async () => {
    const gone = await told("chat:gone");
    return gone.some(([, transport, code]) => transport === "sse" && code === 3000);
  }, { what: "the end of the stream" });
});

Deno.test("channel hooks: without a section [channels] there are no clients, and the start says so", async () => {
  const server = await startServer({ workers: 2, args: ["--app", FILE] });
  const response = await fetch(`${server.url}/connection/websocket`);
  await response.body?.cancel();
  const { code, stderr } = await server.stop();
  assertEquals([response.status, code], [404, 0]);
  // Once, although each worker has noticed it.
  assertEquals(stderr.match(/has no section \[channels\]/g)?.length, 1, stderr);
});
