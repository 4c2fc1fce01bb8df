/**
 * The server's process is killed with kill -9, and started again on the same port: every epoch is another one, and clients are told that
 * they cannot recover, or find a new channel as they expect it. Real clients over all transports, which come back by themselves.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Centrifuge, type SubscribedContext } from "npm:centrifuge@5.8.0";
import { NodeSocket } from "../../support/node_socket.ts";
import { events, fetchStream } from "../../support/plain_stream.ts";
import { type Server, startServer } from "../../support/server.ts";
import { waitFor } from "../../support/wait_for.ts";

const CONFIG = `
[channels]
allow_anonymous_connect_without_token = true
[channels.namespaces.chat]
history_size = 100
history_ttl = "5m"
allow_recovery = true
presence = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_presence_for_client = true
allow_presence_for_anonymous = true
[channels.api]
key_variable = "API_KEY"
`;
const KEY = "a key of the operator";

async function publish(server: Server, data: unknown): Promise<{ offset: number; epoch: string }> {
  const response = await fetch(`${server.url}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": KEY },
    body: JSON.stringify({ channel: "chat:a", data }),
  });
  return (await response.json()).result;
}

/** What one client saw. */
interface Seen {
  readonly client: Centrifuge;
  readonly subscribed: SubscribedContext[];
  readonly data: unknown[];
  readonly offsets: (number | undefined)[];
}

function follow(client: Centrifuge): Seen {
  const seen: Seen = { client, subscribed: [], data: [], offsets: [] };
  const subscription = client.newSubscription("chat:a", { recoverable: true });
  subscription.on("subscribed", (context: SubscribedContext) => seen.subscribed.push(context));
  subscription.on("publication", ({ data, offset }: { data: unknown; offset?: number }) => {
    seen.data.push(data);
    seen.offsets.push(offset);
  });
  subscription.subscribe();
  client.connect();
  return seen;
}

function clientsOf(server: Server): Centrifuge[] {
  const delays = { minReconnectDelay: 10, maxReconnectDelay: 100 };
  const webSocket = { ...delays, websocket: NodeSocket };
  return [
    new Centrifuge(`${server.wsUrl}/connection/websocket`, webSocket),
    ...(["sse", "http_stream"] as const).map((transport) =>
      new Centrifuge([{ transport, endpoint: `${server.url}/connection/${transport}` }], {
        ...delays,
        emulationEndpoint: `${server.url}/emulation`,
      })
    ),
  ];
}

Deno.test("restart: after kill -9 the epoch is another one, and clients are told that they cannot recover", async () => {
  const config = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".toml" });
  await Deno.writeTextFile(config, CONFIG);
  const options = { workers: 2, args: ["--config", config], env: { API_KEY: KEY } };
  const first = await startServer(options);
  const { port } = first;
  const seen = clientsOf(first).map(follow);
  try {
    await waitFor(() => seen.every(({ subscribed }) => subscribed.length === 1), {
      what: "the subscriptions",
    });
    const stream = await fetchStream(`${first.url}/channels/sse?channel=chat:a`);
    const before = await publish(first, "before");
    await waitFor(() => seen.every(({ data }) => data.length === 1), { what: "one publication" });
    await events(stream, 1);
    first.kill("SIGKILL");
    await first.exit;
    const id = await stream.cut();

    await using second = await startServer({ ...options, port });
    await using again = await fetchStream(`${second.url}/channels/sse?channel=chat:a`, {
      headers: { "Last-Event-ID": id },
    });
    await waitFor(() => seen.every(({ subscribed }) => subscribed.length > 1), {
      what: () =>
        `the clients to come back, not ${seen.map(({ subscribed }) => subscribed.length)}`,
    });
    const after = await publish(second, "after");
    assertNotEquals(after.epoch, before.epoch);
    assertEquals(after.offset, 1);
    for (const { subscribed, client } of seen) {
      const { wasRecovering, recovered } = subscribed.at(-1)!;
      assert(wasRecovering && !recovered);
      assertEquals(client.state, "connected");
    }
    await waitFor(() => seen.every(({ data }) => data.length === 2), { what: "the next one" });
    for (const { data, offsets } of seen) {
      assertEquals([data, offsets], [["before", "after"], [1, 1]]);
    }
    const [lost] = await events(again, 1, "lost");
    assertEquals([lost.channels[0].channel, lost.channels[0].offset], ["chat:a", 0]);
    assertEquals((await events(again, 1))[0].data, "after");
    // Nobody of the run before is a member.
    const { numClients } = await seen[0]!.client.presenceStats("chat:a");
    assertEquals(numClients, seen.length + 1);
  } finally {
    for (const { client } of seen) client.disconnect();
    await first.abandon();
    await Deno.remove(config);
  }
});
