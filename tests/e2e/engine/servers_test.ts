/**
 * Two servers of one engine, as backends and clients use them: what is asked of one of them is about the clients of both.
 */

import { assert, assertEquals, equal } from "@std/assert";
import type { Centrifuge } from "npm:centrifuge@5.8.0";
import { Backend, sign } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import { connected, OPEN_CHANNELS, subscribe } from "../../support/channel_server.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { waitFor, within } from "../../support/wait_for.ts";

/** Nobody listens there. */
const NOWHERE = "ws://127.0.0.1:1/";

/** Two servers. */
interface Both {
  readonly first: Backend;
  readonly second: Backend;
}

/** The answer of `channels`. */
/**
 * Milliseconds after which no client is listed that has left. On a busy machine Deno's fetch keeps the answer of one over an HTTP stream open:
 * then it is gone when it owes a pong, 33 s later.
 */
const LONGEST_LEAVE = 60_000;

interface Listed {
  readonly channels: unknown;
}

/** A server on an engine. */
function serverOn(engine: TestEngine): Promise<Backend> {
  const kept = { ...OPEN, forceRecovery: true };
  return Backend.start({
    engine: engineConfig(engine),
    namespaces: { ...OPEN_CHANNELS.namespaces, kept },
  });
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
async function clientOf(
  { server }: Backend,
  user: string,
  { claims = {}, options = {} }: {
    readonly claims?: Record<string, unknown>;
    readonly options?: Record<string, unknown>;
  } = {},
) {
  const client = server.client({ token: await sign({ sub: user, ...claims }), ...options });
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

/** Asks until it is done: on a busy machine the engine may take longer than a server waits. */
async function ask(backend: Backend, method: string, request: unknown): Promise<void> {
  await waitFor(() => backend.ask(method, request).then(() => true, () => false), { what: method });
}

/** A client recovers on the other server, and each lists the clients of both. */
async function recovery({ first, second }: Both): Promise<void> {
  const [here, there] = [first.server.client(), second.server.client()];
  await connected(here);
  await subscribe(here, "chat:b");
  const subscription = here.centrifuge.getSubscription("chat:b")!;
  for (let i = 1; i <= 5; i++) {
    await ask(i % 2 === 0 ? first : second, "publish", {
      channel: "chat:b",
      data: `${i}`,
      idempotency_key: `${i}`,
    });
  }
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
  await ask(first, "subscribe", { user: "ann", channel });
  await happens(all, `subscribed ${channel}`);
  await ask(second, "publish", { channel, data: "news", idempotency_key: "news" });
  await happens(all, "got news");
  await ask(second, "unsubscribe", { user: "ann", channel });
  await happens(all, `unsubscribed ${channel}`);
  await ask(second, "refresh", { user: "ann", expire_at: Math.ceil(Date.now() / 1000) + 3_600 });
  await ask(first, "disconnect", { user: "ann", disconnect: { code: 4_500, reason: "enough" } });
  await happens(all, "disconnected 4500");
  assertEquals([other.events, other.centrifuge.state], [[], "connected"]);
  other.centrifuge.disconnect();
}

/** Subscriptions that a server makes: by a token, which recover on the other server, and by a request. Presence has the clients of both. */
async function serverSide({ first, second }: Both): Promise<void> {
  // Without an option that forces it, no server-side subscription recovers.
  const channel = "kept:own";
  const publish = (backend: Backend, data: string) =>
    ask(backend, "publish", { channel, data, idempotency_key: data });
  await publish(first, "before");
  const address = { url: first.server.url };
  class Led extends NodeSocket {
    constructor(_url: string, ...more: unknown[]) {
      super(address.url, ...more);
    }
  }
  const ann = await clientOf(first, "ann", {
    claims: { channels: [channel] },
    options: { websocket: Led },
  });
  const recoveries: boolean[] = [];
  ann.centrifuge.on("subscribed", ({ recovered }) => void recoveries.push(recovered));
  await happens([ann], `subscribed ${channel}`);
  const ben = await clientOf(second, "ben");
  await ask(first, "subscribe", { client: "", user: "ben", channel });
  await happens([ben], `subscribed ${channel}`);
  await publish(second, "1");
  await publish(first, "2");
  await happens([ann, ben], "got 1", "got 2");
  for (const backend of [first, second]) {
    const { presence } = await backend.ask("presence", { channel });
    const users = Object.values(presence as Record<string, { user: string }>);
    assertEquals(users.map(({ user }) => user).sort(), ["ann", "ben"]);
    assertEquals(await backend.ask("presence_stats", { channel }), {
      num_clients: 2,
      num_users: 2,
    });
  }
  // The same client goes on at the other server.
  address.url = NOWHERE;
  await ask(first, "disconnect", { user: "ann", disconnect: { code: 3_000, reason: "go" } });
  await waitFor(() => ann.centrifuge.state === "connecting", { what: "the end of the connection" });
  await publish(second, "3");
  await happens([ben], "got 3");
  address.url = second.server.url;
  await happens([ann], `subscribed ${channel}`, "got 3");
  assertEquals(recoveries, [true]);
  for (const { centrifuge } of [ann, ben]) centrifuge.disconnect();
}

/** The later messages of a client over a stream reach its server by way of the other one. */
async function streams({ first, second }: Both): Promise<void> {
  for (const transport of ["sse", "http_stream"] as const) {
    const channel = `chat:${transport}`;
    const emulationEndpoint = second.url("/emulation");
    const client = first.server.streamClient(transport, { emulationEndpoint });
    await connected(client);
    const got = await subscribe(client, channel);
    await waitFor(() => client.centrifuge.publish(channel, 1).then(() => true, () => false), {
      what: "a publication of the client's",
    });
    await waitFor(() => got.data.includes(1), { what: "that publication" });
    client.centrifuge.disconnect();
  }
  const post = async (node: string, session: string) => {
    const body = JSON.stringify({ session, node, data: "{}" });
    const [status] = await second.get("/emulation", { method: "POST", body });
    return status;
  };
  const { nodes } = await second.ask("info", {});
  for (const { uid } of nodes) {
    const refused = [await post(`0.${uid}`, "made up"), await post("0.nobody", "made up")];
    assertEquals(refused, [404, 404]);
  }
}

/** Each server lists all servers, and the channels of all. */
async function listing({ first, second }: Both): Promise<void> {
  const [a, b, c] = [
    await clientOf(first, "ann"),
    await clientOf(second, "ann"),
    await clientOf(second, "ben"),
  ];
  for (const client of [a, b, c]) await subscribe(client, "chat:list");
  await subscribe(c, "chat:only");
  let nodes: Record<string, unknown>[] = [];
  for (const backend of [first, second]) {
    // Clients that have left may still be there, and a server that is slow is left out.
    const expected = { "chat:list": { num_clients: 3 }, "chat:only": { num_clients: 1 } };
    await waitFor(async () => equal((await backend.ask("channels", {})).channels, expected), {
      what: "the channels of both",
      timeoutMs: LONGEST_LEAVE,
    });
    const isOnly = ({ channels }: Listed) => equal(channels, { "chat:only": { num_clients: 1 } });
    await waitFor(async () => isOnly(await backend.ask("channels", { pattern: "*:o*" })), {
      what: "the channels of a pattern",
    });
    await waitFor(async () => {
      nodes = (await backend.ask("info", {})).nodes;
      return nodes.length === 2;
    }, { what: "both servers" });
    const sum = (field: string) => nodes.reduce((sum, node) => sum + Number(node[field]), 0);
    assertEquals(
      ["num_clients", "num_users", "num_channels", "num_subs"].map(sum),
      [3, 3, 3, 4],
    );
    assertEquals(new Set(nodes.map(({ uid }) => uid)).size, 2);
    assertEquals(`${nodes[0]!["name"]}`.split("_").at(-1), new URL(backend.url("/")).port);
  }
  for (const { centrifuge } of [a, b, c]) centrifuge.disconnect();
}

/** While the engine does not answer, a server speaks for itself alone, and soon. */
async function frozenEngine({ first }: Both, shared: TestEngine): Promise<void> {
  shared.freeze();
  try {
    const { nodes } = await within(first.ask("info", {}), { what: "an answer", timeoutMs: 10_000 });
    assertEquals(nodes.length, 1);
    assertEquals(await first.ask("channels", {}), { channels: {} });
  } finally {
    shared.thaw();
  }
  const { warnings } = first.server;
  assert(warnings.some((text) => text.includes("without the other servers")), warnings.join("\n"));
}

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name: `two servers (${engineName}): backends and clients use either${reason}`,
    ignore,
    async fn(t) {
      await using shared = await start();
      await using first = await serverOn(shared);
      await using second = await serverOn(shared);
      const both = { first, second };
      const step = async (name: string, run: (both: Both) => Promise<void>) => {
        await t.step(name, () => run(both));
      };
      await step("a client recovers on the other server", recovery);
      await step("what is asked about connections is done on both", requests);
      await step("subscriptions of the server's, and presence", serverSide);
      await step("later messages of a stream come by way of the other server", streams);
      await step("each lists both servers, and the channels of both", listing);
      await step("a frozen engine keeps nobody waiting", (both) => frozenEngine(both, shared));
    },
  });
}
