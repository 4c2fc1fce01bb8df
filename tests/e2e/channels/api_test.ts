/**
 * The HTTP API for backends, by fetch, and what the real client gets of it on both workers.
 */

import { assert, assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import { NO_TOKENS } from "../../../runtime/config/mod.ts";
import { OPEN } from "../../support/channel_options.ts";
import {
  type ChannelClient,
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const KEY = "a key that only the backend knows";
const SECRET = "a secret that only the backend and this server know";

/** The server, and its API. */
interface Backend extends AsyncDisposable {
  readonly server: ChannelServer;
  /** The JSON of an answer with status 200. */
  // deno-lint-ignore no-explicit-any -- tests look into answers of any method
  ask(method: string, request: unknown): Promise<any>;
  /** Any answer. */
  post(path: string, init: RequestInit): Promise<Response>;
}

async function start(limits: { readonly memoryBytes?: number } = {}): Promise<Backend> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  await Deno.writeTextFile(`${folder}/key`, `${KEY}\n`);
  await Deno.writeTextFile(`${folder}/secret`, SECRET);
  const server = await ChannelServer.start({
    ...OPEN_CHANNELS,
    namespaces: { ...OPEN_CHANNELS.namespaces, many: OPEN },
    token: { ...NO_TOKENS, hmacSecrets: [{ kind: "file", path: `${folder}/secret` }] },
    apiKey: { kind: "file", path: `${folder}/key` },
  }, { channelLimits: { apiBytes: 100_000, publicationBytes: 1_000, ...limits } });
  await Deno.remove(folder, { recursive: true });
  const origin = `http://127.0.0.1:${server.executor.address.port}`;
  const post = (path: string, init: RequestInit) =>
    fetch(`${origin}${path}`, { method: "POST", ...init });
  return {
    server,
    post,
    async ask(method, request) {
      const body = typeof request === "string" ? request : JSON.stringify(request);
      const response = await post(`/api/${method}`, { headers: { "X-API-Key": KEY }, body });
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("content-type"), "application/json");
      return await response.json();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Clients of one user, one at least on each worker. */
async function clientsOf(backend: Backend, user: string): Promise<ChannelClient[]> {
  const token = await new SignJWT({ sub: user }).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(SECRET));
  const clients: ChannelClient[] = [];
  while (new Set(clients.map((client) => client.worker())).size < 2) {
    const client = backend.server.client({ token });
    await connected(client);
    clients.push(client);
  }
  return clients;
}

Deno.test("api: only who has the key is answered", async () => {
  await using backend = await start();
  const body = '{"channel":"chat:a","data":1}';
  const status = async (path: string, init: RequestInit) => {
    const response = await backend.post(path, init);
    await response.body?.cancel();
    return response.status;
  };
  const headers = { "X-API-Key": KEY };
  assertEquals(await status("/api/publish", { body }), 401);
  assertEquals(await status("/api/publish", { body, headers: { "X-API-Key": `${KEY}x` } }), 401);
  assertEquals(await status("/api/publish", { body, headers }), 200);
  assertEquals(await status(`/api/publish?api_key=${encodeURIComponent(KEY)}`, { body }), 200);
  assertEquals(await status("/api/publish", { body: "{", headers }), 400);
  assertEquals(await status("/api/publish", { body: "[]", headers }), 400);
  assertEquals(await status("/api/publish", { body: "x".repeat(100_001), headers }), 413);
  assertEquals(await status("/api/nothing", { body, headers }), 404);
  assertEquals(await status("/api/publish", { method: "GET", headers }), 405);
});

Deno.test("api: publications reach both workers, byte for byte, with offset and epoch", async () => {
  await using backend = await start();
  const both = await backend.server.clientsOnBoth(1);
  const received = await Promise.all(both.flat().map((client) => subscribe(client, "chat:room")));
  const first = await backend.ask("publish", { channel: "chat:room", data: { n: 1 } });
  assertEquals(first.result.offset, 1);
  assert(/^[0-9a-z]+-[0-9a-z]+$/.test(first.result.epoch));
  const tagged = { channel: "chat:room", b64data: btoa("[2]"), tags: { kind: "array" } };
  await backend.ask("publish", tagged);
  await waitFor(() => received.every(({ data }) => data.length === 2), { what: "both" });
  for (const { data, offsets } of received) {
    assertEquals(data, [{ n: 1 }, [2]]);
    assertEquals(offsets, [1, 2]);
  }
  await backend.ask(
    "publish",
    '{"channel":"chat:room","data":{"a": 1.0,"b":12345678901234567890}}',
  );
  const headers = { "X-API-Key": KEY };
  const body = '{"channel":"chat:room","limit":3}';
  const text = await (await backend.post("/api/history", { headers, body })).text();
  assert(text.includes('{"offset":3,"data":{"a": 1.0,"b":12345678901234567890}}'), text);
  assert(text.includes('{"offset":2,"data":[2],"tags":{"kind":"array"}}'), text);
});

Deno.test("api: idempotency keys, versions, and the errors of publish", async () => {
  await using backend = await start();
  const publish = async (more: Record<string, unknown>) => {
    const { result, error } = await backend.ask("publish", { channel: "chat:a", data: 1, ...more });
    return error?.code ?? result.offset;
  };
  assertEquals(await publish({ idempotency_key: "k" }), 1);
  assertEquals(await publish({ idempotency_key: "k" }), 1);
  assertEquals(await publish({ version: 5, version_epoch: "v" }), 2);
  assertEquals(await publish({ version: 4, version_epoch: "v" }), 2);
  assertEquals(await publish({ version: 6, version_epoch: "v" }), 3);
  assertEquals(await publish({ skip_history: true }), undefined);
  assertEquals(await publish({ data: undefined }), 107);
  assertEquals(await publish({ channel: "nowhere:a" }), 102);
  assertEquals(await publish({ channel: "" }), 107);
  assertEquals(await publish({ data: "x".repeat(1_000) }), 107);
  assertEquals(await publish({ b64data: "no base64" }), 107);
  assertEquals(await publish({ b64data: btoa("no JSON") }), 107);
  assertEquals(await publish({ idempotency_key: "x".repeat(256) }), 107);
  assertEquals(await publish({ channel: 5 }), 107);
});

Deno.test("api: broadcast and batch answer for each channel and command", async () => {
  await using backend = await start();
  const { result: { responses } } = await backend.ask("broadcast", {
    channels: ["chat:a", "nowhere:b", "chat:c"],
    data: 1,
  });
  // deno-lint-ignore no-explicit-any -- JSON
  const codes = responses.map(({ result, error }: any) => error?.code ?? result.offset);
  assertEquals(codes, [1, 102, 1]);
  const { replies } = await backend.ask("batch", {
    commands: [
      { publish: { channel: "chat:a", data: 2 } },
      { history: { channel: "chat:a", limit: 10 } },
      { presence_stats: { channel: "closed:a" } },
      { nonsense: {} },
    ],
  });
  assertEquals(replies[0].publish.offset, 2);
  assertEquals(replies[1].history.publications.length, 2);
  assertEquals([replies[2].error.code, replies[3].error.code], [108, 104]);
});

Deno.test("api: presence, channels, history_remove and info", async () => {
  await using backend = await start();
  const clients = await clientsOf(backend, "alice");
  for (const client of clients) await subscribe(client, "chat:room");
  await subscribe(clients[0]!, "many:x");
  const { result: { presence } } = await backend.ask("presence", { channel: "chat:room" });
  assertEquals(Object.keys(presence).length, clients.length);
  // deno-lint-ignore no-explicit-any -- JSON
  assert(Object.values(presence).every((info: any) => info.user === "alice"));
  const stats = await backend.ask("presence_stats", { channel: "chat:room" });
  assertEquals(stats.result, { num_clients: clients.length, num_users: 1 });
  const { result: all } = await backend.ask("channels", {});
  assertEquals(all.channels, {
    "chat:room": { num_clients: clients.length },
    "many:x": { num_clients: 1 },
  });
  const { result: some } = await backend.ask("channels", { pattern: "m*:?" });
  assertEquals(Object.keys(some.channels), ["many:x"]);
  await backend.ask("publish", { channel: "chat:room", data: 1 });
  assertEquals(await backend.ask("history_remove", { channel: "chat:room" }), { result: {} });
  const { result: history } = await backend.ask("history", { channel: "chat:room", limit: 5 });
  assertEquals([history.publications, history.offset], [[], 1]);
  const { result: info } = await backend.ask("info", "");
  const [{ num_channels, num_subs, num_clients }] = info.nodes;
  assertEquals([num_channels, num_subs, num_clients], [2, clients.length + 1, clients.length]);
  const { port } = backend.server.executor.address;
  assertEquals([info.nodes.length, info.nodes[0].name], [1, `${Deno.hostname()}_${port}`]);
  assert(info.nodes[0].uptime < 600, "seconds since the start");
});

Deno.test("api: a user's connections are subscribed, unsubscribed and ended on every worker", async () => {
  await using backend = await start();
  const clients = await clientsOf(backend, "alice");
  const [bob] = await clientsOf(backend, "bob");
  await backend.ask("publish", { channel: "closed:room", data: 0 });
  const pushed = clients.map(() => [] as unknown[]);
  const subscribedTo = clients.map(() => [] as string[]);
  clients.forEach(({ centrifuge }, i) => {
    centrifuge.on("subscribed", ({ channel }) => subscribedTo[i]!.push(channel));
    centrifuge.on("publication", ({ data }) => pushed[i]!.push(data));
  });
  await backend.ask("subscribe", { user: "alice", channel: "closed:room" });
  await waitFor(() => subscribedTo.every(({ length }) => length === 1), { what: "subscriptions" });
  await backend.ask("publish", { channel: "closed:room", data: 1 });
  await waitFor(() => pushed.every(({ length }) => length === 1), { what: "a publication" });
  const received = await Promise.all(clients.map((client) => subscribe(client, "chat:a")));
  const ofBob = await subscribe(bob!, "chat:a");
  await backend.ask("unsubscribe", { user: "alice", channel: "chat:a" });
  await waitFor(() => received.every(({ unsubscribed }) => unsubscribed[0] === 2000), {
    what: () => `unsubscribed with 2000, not ${received.map(({ unsubscribed }) => unsubscribed)}`,
  });
  const ends = clients.map(() => 0);
  clients.forEach(({ centrifuge }, i) => {
    centrifuge.on("disconnected", ({ code }) => ends[i] = code);
  });
  const disconnect = { code: 4500, reason: "banned" };
  await backend.ask("disconnect", { user: "alice", disconnect });
  await waitFor(() => ends.every((code) => code === 4500), { what: () => `4500, not ${ends}` });
  assertEquals([ofBob.unsubscribed, bob!.centrifuge.state], [[], "connected"]);
});

Deno.test("api: a session is one connection of a user, and an override is for one subscription", async () => {
  await using backend = await start();
  const clients = await clientsOf(backend, "alice");
  const ended: number[] = [];
  const joined: string[] = [];
  for (const { centrifuge } of clients) {
    centrifuge.on("disconnected", ({ code }) => ended.push(code));
    centrifuge.on("subscribed", ({ channel }) => joined.push(channel));
  }
  // A WebSocket has no session: nobody is meant.
  await backend.ask("disconnect", { user: "alice", session: "another" });
  await backend.ask("subscribe", { user: "alice", session: "another", channel: "many:x" });
  const override = { presence: { value: false } };
  await backend.ask("subscribe", { user: "alice", channel: "chat:a", override });
  await backend.ask("subscribe", { user: "alice", channel: "chat:b" });
  const wanted = clients.length;
  const countOf = (name: string) => joined.filter((channel) => channel === name).length;
  await waitFor(() => countOf("chat:b") === wanted, { what: () => `subscriptions: ${joined}` });
  const present = await Promise.all(["chat:a", "chat:b"].map(async (channel) => {
    const { result } = await backend.ask("presence_stats", { channel });
    return result.num_clients;
  }));
  assertEquals([countOf("chat:a"), countOf("many:x"), present], [wanted, 0, [0, wanted]]);
  assertEquals(ended, []);
});

Deno.test("api: a request about connections that no worker could be told of is error 107", async () => {
  // The longest entry is a 64th of it.
  await using backend = await start({ memoryBytes: 2 * 1024 * 1024 });
  const whitelist = ["x".repeat(40_000)];
  const { error } = await backend.ask("disconnect", { user: "alice", whitelist });
  assertEquals(error.code, 107);
});

Deno.test("api: a date that is none, as one in nanoseconds, is error 107, and ends no worker", async () => {
  await using backend = await start();
  const [client] = await clientsOf(backend, "u");
  for (const date of ["1e300", "1700000000000000000", "-1", '"1700000000"']) {
    for (const [method, more] of [["refresh", ""], ["subscribe", '"channel":"chat:a",']]) {
      const { error } = await backend.ask(method!, `{"user":"u",${more}"expire_at":${date}}`);
      assertEquals(error.code, 107, date);
    }
  }
  assertEquals(await client!.centrifuge.publish("chat:a", 1), {});
  // Already over: as if it were expired now.
  const ended = new Promise((resolve) => client!.centrifuge.once("connecting", resolve));
  assertEquals(await backend.ask("refresh", { user: "u", expire_at: 1 }), { result: {} });
  await ended;
});

Deno.test("api: a batch has one budget of publications and of what is read; the rest has error 106", async () => {
  await using backend = await start();
  const channels = Array.from({ length: 600 }, (_, i) => `chat:${i}`);
  const broadcast = { broadcast: { channels, data: 1 } };
  const published = await backend.ask("batch", { commands: [broadcast, broadcast] });
  // deno-lint-ignore no-explicit-any -- JSON
  const responses = published.replies.flatMap(({ broadcast }: any) => broadcast.responses);
  // deno-lint-ignore no-explicit-any -- JSON
  const codes = responses.map(({ error }: any) => error?.code);
  assertEquals(codes, [...Array(1_000).fill(undefined), ...Array(200).fill(106)]);
  const lists = await backend.ask("batch", { commands: Array(20).fill({ channels: {} }) });
  // deno-lint-ignore no-explicit-any -- JSON
  const errors = lists.replies.map(({ error }: any) => error?.code);
  assertEquals(errors, [...Array(16).fill(undefined), ...Array(4).fill(106)]);
});
