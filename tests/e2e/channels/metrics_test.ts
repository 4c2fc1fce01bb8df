/**
 * The metrics of channels after known traffic of real clients over all transports, over both workers, and after a worker's
 * death.
 */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import {
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  type ServerMore,
  subscribe,
} from "../../support/channel_server.ts";
import { Metrics } from "../../support/metrics.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const KEY = "a key that only the backend knows";

interface Observed extends AsyncDisposable {
  readonly server: ChannelServer;
  metrics(): Promise<Metrics>;
  /** Waits until the sum of a metric, with these labels, is that. */
  settled(name: string, value: number, labels?: Record<string, string>): Promise<void>;
  /** One request to the HTTP API. */
  post(method: string, request: unknown, key?: string): Promise<Response>;
}

async function start(more: ServerMore = {}): Promise<Observed> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  await Deno.writeTextFile(`${folder}/key`, KEY);
  const apiKey = { kind: "file", path: `${folder}/key` } as const;
  const server = await ChannelServer.start({ ...OPEN_CHANNELS, apiKey }, {
    monitoring: { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } },
    ...more,
  });
  await Deno.remove(folder, { recursive: true });
  const { port } = server.executor.adminAddress!;
  const metrics = () => Metrics.of(`http://127.0.0.1:${port}`);
  return {
    server,
    metrics,
    settled: async (name, value, labels = {}) => {
      let found = NaN;
      await waitFor(async () => {
        found = (await metrics()).sum(`async_deno_${name}`, labels);
        return found === value;
      }, { what: () => `${name} ${JSON.stringify(labels)} to be ${value}; it is ${found}` });
    },
    post: (method, request, key = KEY) =>
      fetch(`${server.httpUrl}/api/${method}`, {
        method: "POST",
        headers: { "X-API-Key": key },
        body: JSON.stringify(request),
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test("metrics of channels: clients of each transport, publications of each source, deliveries", async () => {
  await using observed = await start();
  const { server, settled, post } = observed;
  const clients = [
    server.client(),
    server.streamClient("sse"),
    server.streamClient("http_stream"),
  ];
  for (const client of clients) await connected(client);
  const received = await Promise.all(clients.map((client) => subscribe(client, "chat:a")));
  for (const transport of ["websocket", "sse", "http_stream"]) {
    await settled("channel_clients", 1, { transport });
    await settled("channel_clients_connected_total", 1, { transport });
  }
  await settled("channel_subscriptions", 3);
  await settled("channel_presence_members", 3);
  await settled("channels", 1);
  for (let i = 0; i < 5; i++) await (await post("publish", { channel: "chat:a", data: i })).text();
  for (let i = 0; i < 2; i++) await clients[0]!.centrifuge.publish("chat:a", i);
  await waitFor(() => received.every(({ data }) => data.length === 7), { what: "7 publications" });
  await settled("channel_publications_total", 5, { source: "api" });
  await settled("channel_publications_total", 2, { source: "client" });
  await settled("channel_deliveries_total", 21);
  const metrics = await observed.metrics();
  const messages = metrics.sum("async_deno_channel_delivery_messages_total");
  assert(messages > 0 && messages <= 21, String(messages));
  assert(metrics.sum("async_deno_channel_delivery_bytes_total") > 21 * 20);
  // Each delivery has a latency, of less than the seconds that this test may take.
  await settled("channel_delivery_duration_seconds_count", 21);
  const seconds = metrics.sum("async_deno_channel_delivery_duration_seconds_sum");
  assert(seconds > 0 && seconds < 21 * 60, String(seconds));
  assertEquals(metrics.sum("async_deno_channel_publications"), 7);
  const used = metrics.sum("async_deno_channel_store_bytes");
  assert(used > 0 && used < metrics.sum("async_deno_channel_store_limit_bytes"));
  await settled("channel_feed_unread_entries", 0);

  const { result } = await (await post("info", {})).json();
  const [{ num_clients, num_users, num_channels, num_subs }] = result.nodes;
  // All are anonymous, on one worker or both.
  assertEquals([num_clients, num_users, num_channels, num_subs], [3, 1, 1, 3]);

  // By the server, since a client over HTTP may keep its connection for a while.
  await (await post("disconnect", { user: "" })).text();
  await settled("channel_disconnects_total", 3, { code: "3503" });
  await settled("channel_clients", 0);
  await settled("channel_users", 0);
  await settled("channel_subscriptions", 0);
  await settled("channel_presence_members", 0);
  await settled("channel_clients_connected_total", 3);
});

Deno.test("metrics of channels: what was refused, by code, limit and reason", async () => {
  await using observed = await start({ channelLimits: { apiBytes: 2_000, publicationBytes: 100 } });
  const { server, settled, post } = observed;
  const client = server.client();
  await connected(client);
  const received = await subscribe(client, "closed:a");
  assertEquals(received.unsubscribed, [103]);
  await settled("channel_command_errors_total", 1, { source: "client", code: "103" });
  const tooLong = { channel: "chat:a", data: "x".repeat(200) };
  assertEquals((await (await post("publish", tooLong)).json()).error.code, 107);
  await settled("channel_command_errors_total", 1, { source: "api", code: "107" });
  await settled("channel_limit_exceeded_total", 1, { limit: "publication" });
  const statusOf = async (response: Response) => {
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusOf(await post("publish", "x".repeat(3_000))), 413);
  await settled("channel_limit_exceeded_total", 1, { limit: "api_body" });
  assertEquals(await statusOf(await post("publish", {}, "another key")), 401);
  await settled("channel_api_keys_refused_total", 1);
  const forged = server.client({ token: "none" });
  const codes: number[] = [];
  forged.centrifuge.on("disconnected", ({ code }: { code: number }) => codes.push(code));
  forged.centrifuge.connect();
  await waitFor(() => codes.length > 0, { what: "the end of a client with a forged token" });
  assertEquals(codes, [3500]);
  await settled("channel_tokens_refused_total", 1, { kind: "connection", reason: "invalid" });
  await settled("channel_disconnects_total", 1, { code: "3500" });
});

Deno.test("metrics of channels: recoveries; what a dead worker had open is open no more", async () => {
  await using observed = await start({
    workerModule: new URL("../../support/channels_thread.ts", import.meta.url),
  });
  const { server, settled, post } = observed;
  const clients = (await server.clientsOnBoth(2)).flat();
  await Promise.all(clients.map((one) => subscribe(one, "chat:a", { recoverable: true })));
  await (await post("publish", { channel: "chat:a", data: 1 })).text();
  await fetch(`${server.httpUrl}/dies`).catch(() => {});
  await waitFor(() => server.warnings.some((text) => text.includes("died")), { what: "its end" });
  const before = (await observed.metrics()).sum("async_deno_channel_publications_total");
  assertEquals(before, 1); // by either worker
  const count = clients.length;
  await settled("channel_clients", count);
  await settled("channel_subscriptions", count);
  await settled("channel_presence_members", count);
  const metrics = await observed.metrics();
  const recovered = metrics.sum("async_deno_channel_recoveries_total", { result: "recovered" });
  // fetch asks again on a connection that it has used before: the other worker may have died too, with those that had come back.
  const deaths = server.warnings.filter((text) => text.includes("died")).length;
  assert(recovered >= 2 && recovered <= deaths * count, `${recovered} after ${deaths}`);
  // The dead worker's subscriptions leave the store a part at a time.
  let node = { num_clients: 0, num_subs: 0 };
  await waitFor(async () => {
    node = (await (await post("info", {})).json()).result.nodes[0];
    return node.num_clients === count && node.num_subs === count;
  }, { what: () => `${count} clients and subscriptions, not ${JSON.stringify(node)}` });
  await settled("workers", 2); // the replacement has begun to serve
});
