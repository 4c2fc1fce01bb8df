/** How many users there are: a user with clients on several workers is one, whatever becomes of these workers. */

import { assertEquals } from "@std/assert";
import { Backend, sign } from "../../support/channel_backend.ts";
import { type ChannelClient, connected, subscribe } from "../../support/channel_server.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const DYING = new URL("../../support/channels_thread.ts", import.meta.url);

/** Connects clients of a user until both workers have one. */
async function onBoth({ server }: Backend, user: string): Promise<ChannelClient[]> {
  const clients: ChannelClient[] = [];
  const token = await sign({ sub: user });
  while (new Set(clients.map((client) => client.worker())).size < 2) {
    if (clients.length === 200) throw new Error("one worker serves no client");
    const client = server.client({ token });
    await connected(client);
    clients.push(client);
  }
  return clients;
}

async function settled(backend: Backend, users: number, channel: string): Promise<void> {
  let seen: unknown[] = [];
  await waitFor(async () => {
    const { nodes: [{ num_users }] } = await backend.ask("info", {});
    const stats = await backend.ask("presence_stats", { channel });
    seen = [num_users, stats.num_users];
    return seen.every((count) => count === users);
  }, { what: () => `${users} users of the server and of the channel, not ${seen}` });
}

Deno.test("users: info and presence_stats count each once, over all workers and the death of one", async () => {
  await using backend = await Backend.start({}, { workerModule: DYING });
  const { server } = backend;
  const alice = await onBoth(backend, "alice");
  const bob = server.client({ token: await sign({ sub: "bob" }) });
  const nobody = [server.client(), server.client()];
  for (const client of [bob, ...nobody]) await connected(client);
  const all = [...alice, bob, ...nobody];
  for (const client of all) await subscribe(client, "chat:room");
  const { nodes: [{ num_clients, num_users }] } = await backend.ask("info", {});
  assertEquals([num_clients, num_users], [all.length, 3]);
  await settled(backend, 3, "chat:room");
  // Ends one worker, with all that it serves. Not by fetch, which would ask another one again.
  const { hostname, port } = new URL(backend.url("/"));
  using doomed = await HttpConnection.open({ hostname, port: Number(port) });
  await doomed.send("GET /dies HTTP/1.1\r\nHost: a\r\n\r\n");
  await waitFor(() => server.warnings.some((text) => text.includes("died")), { what: "its end" });
  await settled(backend, 3, "chat:room");
  for (const { centrifuge } of [bob, ...nobody]) centrifuge.disconnect();
  await settled(backend, 1, "chat:room");
  // The others are still there.
  for (const { centrifuge } of alice.slice(1)) centrifuge.disconnect();
  await settled(backend, 1, "chat:room");
  alice[0]!.centrifuge.disconnect();
  await settled(backend, 0, "chat:room");
});
