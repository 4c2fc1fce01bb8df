/**
 * Clients over SSE and HTTP streams: the real client `centrifuge`, whose later commands reach any of two workers.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SignJWT } from "jose";
import { NO_TOKENS } from "../../../runtime/config/mod.ts";
import {
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const TRANSPORTS = ["sse", "http_stream"] as const;
const SECRET = "a secret that only the backend and this server know";

async function post(server: ChannelServer, path: string, init: RequestInit): Promise<Response> {
  return await fetch(`${server.httpUrl}${path}`, { method: "POST", ...init });
}

for (const transport of TRANSPORTS) {
  Deno.test(`channels over ${transport}: commands reach the worker of the stream, and publications all clients`, async () => {
    await using server = await ChannelServer.start();
    const clients = Array.from({ length: 6 }, () => server.streamClient(transport));
    await Promise.all(clients.map(connected));
    const all = await Promise.all(
      clients.map((client) => subscribe(client, "chat:room", { recoverable: true })),
    );
    for (let i = 1; i <= 30; i++) {
      await clients[i % clients.length]!.centrifuge.publish("chat:room", i);
    }
    await waitFor(() => all.every(({ data }) => data.length === 30), {
      what: () => `30 publications each, not ${all.map(({ data }) => data.length)}`,
    });
    const expected = Array.from({ length: 30 }, (_, i) => i + 1);
    for (const { data, offsets } of all) assertEquals([data, offsets], [expected, expected]);
    const { numClients } = await clients[0]!.centrifuge.presenceStats("chat:room");
    assertEquals(numClients, 6);
  });

  Deno.test(`channels over ${transport}: a client that comes back recovers what it missed`, async () => {
    await using server = await ChannelServer.start();
    const client = server.streamClient(transport);
    const publisher = server.client();
    await Promise.all([connected(client), connected(publisher)]);
    const received = await subscribe(client, "chat:room", { recoverable: true });
    await publisher.centrifuge.publish("chat:room", 1);
    await waitFor(() => received.data.length === 1, { what: "the first publication" });
    client.centrifuge.disconnect();
    await waitFor(async () => {
      const { numClients } = await publisher.centrifuge.presenceStats("chat:room");
      return numClients === 0;
    }, { what: "that the server sees the end of the stream" });
    for (let i = 2; i <= 5; i++) await publisher.centrifuge.publish("chat:room", i);
    await connected(client);
    await waitFor(() => received.data.length === 5, { what: "the others" });
    assertEquals(received.offsets, [1, 2, 3, 4, 5]);
  });

  Deno.test(`channels over ${transport}: tokens are verified, and a refusal ends the stream`, async () => {
    const path = await Deno.makeTempFile({ prefix: "async-deno-test-" });
    await Deno.writeTextFile(path, SECRET);
    const token = { ...NO_TOKENS, hmacSecrets: [{ kind: "file" as const, path }] };
    await using server = await ChannelServer.start({
      ...OPEN_CHANNELS,
      token,
      allowAnonymousConnect: false,
    });
    await Deno.remove(path);
    const sign = (claims: Record<string, unknown>) =>
      new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
        .sign(new TextEncoder().encode(SECRET));
    const client = server.streamClient(transport, { token: await sign({ sub: "alice" }) });
    await connected(client);
    const subscriptions = await Promise.all(["a", "b", "c"].map(async (name) => {
      const channel = `closed:${name}`;
      return subscribe(client, channel, { token: await sign({ sub: "alice", channel }) });
    }));
    assert(subscriptions.every(({ subscribed }) => subscribed.length === 1));
    const { centrifuge } = server.streamClient(transport, { token: "nonsense" });
    let code = 0;
    centrifuge.on("disconnected", (context) => code = context.code);
    centrifuge.connect();
    await waitFor(() => code > 0, { what: "the refusal" });
    assertEquals(code, 3500);
  });
}

Deno.test("channels over streams: requests that are none, and sessions that do not exist", async () => {
  await using server = await ChannelServer.start();
  const answer = async (path: string, init: RequestInit) => {
    const response = await post(server, path, init);
    return [response.status, await response.text()] as const;
  };
  assertEquals((await answer("/connection/sse", { method: "GET" }))[0], 400);
  assertEquals((await answer("/emulation", { body: "{" }))[0], 400);
  const body = (node: string) => JSON.stringify({ session: "none", node, data: "{}" });
  for (const node of ["9", "x", "-1", ""]) {
    assertEquals((await answer("/emulation", { body: body(node) }))[0], 404);
  }
  // Also for the other workers: what nobody can have sent is not kept.
  for (const node of ["0", "1"]) {
    assertEquals((await answer("/emulation", { body: body(node) }))[0], 404);
  }
  const headers = { origin: "https://elsewhere.example" };
  assertEquals((await answer("/emulation", { body: body("0"), headers }))[0], 403);
  const [status, text] = await answer("/connection/http_stream", { body: "nonsense" });
  assertEquals(status, 200);
  assertStringIncludes(text, '"disconnect":{"code":3501');
});

Deno.test("channels over streams: a stop of the server tells clients to come back", async () => {
  await using server = await ChannelServer.start();
  const response = await post(server, "/connection/http_stream", { body: '{"id":1,"connect":{}}' });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  assertStringIncludes(first.value ?? "", '"session":"');
  server.executor.stop();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
  assertEquals(JSON.parse(rest), {
    push: { disconnect: { code: 3001, reason: "shutdown", reconnect: true } },
  });
});
