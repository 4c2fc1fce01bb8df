/**
 * Real tokens, signed by jose, through the real server and the real client.
 */

import { assert, assertEquals } from "@std/assert";
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

const SECRET = "a secret that only the backend and this server know";

async function start(expiryGrace = 25_000): Promise<ChannelServer> {
  const path = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  await Deno.writeTextFile(path, SECRET);
  const token = { ...NO_TOKENS, hmacSecrets: [{ kind: "file" as const, path }] };
  try {
    return await ChannelServer.start(
      { ...OPEN_CHANNELS, token, allowAnonymousConnect: false },
      { channelLimits: { expiryGrace } },
    );
  } finally {
    await Deno.remove(path);
  }
}

function sign(claims: Record<string, unknown>): Promise<string> {
  const key = new TextEncoder().encode(SECRET);
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key);
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

Deno.test("channels: a token names the user, and a subscription token opens a closed channel", async () => {
  await using server = await start();
  const client = server.client({ token: await sign({ sub: "alice", info: { name: "Alice" } }) });
  await connected(client);
  const token = await sign({ sub: "alice", channel: "closed:room" });
  const received = await subscribe(client, "closed:room", { token });
  assertEquals(received.subscribed.length, 1);
  assertEquals((await subscribe(client, "closed:other", { token })).unsubscribed, [103]);
  await subscribe(client, "chat:a");
  const { clients } = await client.centrifuge.presence("chat:a");
  const [info] = Object.values(clients);
  assertEquals([info!.user, info!.connInfo], ["alice", { name: "Alice" }]);
});

Deno.test("channels: without a token, or with a forged one, a client stays away", async () => {
  await using server = await start();
  for (const token of ["", `${await sign({ sub: "alice" })}x`]) {
    const { centrifuge } = server.client(token === "" ? {} : { token });
    let code = 0;
    centrifuge.on("disconnected", (context) => code = context.code);
    centrifuge.connect();
    await waitFor(() => code > 0, { what: "the refusal" });
    assertEquals(code, 3500);
  }
});

Deno.test("channels: a client refreshes its tokens while it receives, and loses nothing", async () => {
  await using server = await start();
  let [tokens, subscriptionTokens] = [0, 0];
  const client = server.client({
    getToken: async () => (tokens++, await sign({ sub: "alice", exp: inSeconds(2) })),
  });
  await connected(client);
  const received = await subscribe(client, "closed:room", {
    getToken: async () => {
      subscriptionTokens++;
      return await sign({ sub: "alice", channel: "closed:room", exp: inSeconds(2) });
    },
  });
  await waitFor(() => tokens > 2 && subscriptionTokens > 2, { what: "two refreshes of both" });
  assertEquals([received.subscribed.length, received.unsubscribed], [1, []]);
});

Deno.test("channels: what a token opened ends with it, if nobody refreshes it", async () => {
  await using server = await start(0);
  const messages: string[] = [];
  let closed = 0;
  const socket = new WebSocket(server.url);
  socket.onmessage = ({ data }) => messages.push(...String(data).split("\n"));
  socket.onclose = ({ code }) => closed = code;
  await new Promise((resolve) => socket.onopen = resolve);
  const token = await sign({ sub: "alice", exp: inSeconds(3) });
  const channelToken = await sign({ sub: "alice", channel: "closed:room", exp: inSeconds(1) });
  socket.send(JSON.stringify({ id: 1, connect: { token } }));
  socket.send(
    JSON.stringify({ id: 2, subscribe: { channel: "closed:room", token: channelToken } }),
  );
  await waitFor(() => closed > 0, { what: "the end of the connection" });
  assertEquals(closed, 3005);
  assert(messages.some((text) => text.includes('"unsubscribe":{"code":2501')), messages.join("\n"));
});
