#!/usr/bin/env bash
# The client of Redis in Bun (Bun.RedisClient, `redis` from "bun"), and its subscriptions when the connection is lost for a moment.
#
# A guess: it connects again by itself, as its manual says, and subscribes again to what it was subscribed to; ioredis and node-redis do
# both. Bun's client connects again, `connected` is true and `onconnect` is called, but it is subscribed to nothing any more: the server
# says that a publication has 0 receivers. No error and no `onclose` tells it. A server in Bun that passes messages on from Redis
# is silent after a restart of Redis, or of a proxy between them, until it is restarted. To subscribe again in `onconnect` is not
# enough: the listener from before is still there, so each message comes twice. unsubscribe() and subscribe() are right.
# Redis 7.0. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 ioredis@6.0.0 redis@6.3.1 >/dev/null
cat >lost.mjs <<'JS'
import { RedisClient } from "bun";
import { Redis } from "ioredis";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import process from "node:process";
import { createClient } from "redis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const bun = `bun ${Bun.version}`;
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const server = spawn("redis-server", ["--bind", "127.0.0.1", "--port", `${port}`, "--save", ""], { stdio: "ignore" });
process.on("exit", () => server.kill("SIGKILL"));
const url = `redis://127.0.0.1:${port}`;
const control = new Redis(url).on("error", () => {}); // the server is starting
await control.ping();

/** Each subscribes to a channel, and returns whether it says that it is connected. */
const clients = {
  "ioredis 6.0.0": async (channel, take) => {
    const client = new Redis(url);
    client.on("message", (_channel, text) => take(text));
    await client.subscribe(channel);
    return () => client.status === "ready";
  },
  "redis 6.3.1": async (channel, take) => {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    await client.subscribe(channel, take);
    return () => client.isReady;
  },
  [bun]: (channel, take) => ofBun(channel, take),
  [`${bun}, subscribe() in onconnect`]: (channel, take) => ofBun(channel, take, (client) => client.subscribe(channel, take)),
  [`${bun}, unsubscribe() and subscribe() in onconnect`]: (channel, take) =>
    ofBun(channel, take, async (client) => {
      await client.unsubscribe(channel);
      await client.subscribe(channel, take);
    }),
};
async function ofBun(channel, take, onconnect = () => {}) {
  const client = new RedisClient(url);
  await client.subscribe(channel, take);
  client.onconnect = () => onconnect(client);
  client.onclose = () => process.exit(1); // it is not called
  return () => client.connected;
}

const expected = {
  [bun]: "before 0",
  [`${bun}, subscribe() in onconnect`]: "before,after,after 1",
};
let result = 0;
for (const [name, subscribe] of Object.entries(clients)) {
  const got = [];
  const channel = `news of ${name}`;
  const isConnected = await subscribe(channel, (text) => got.push(text));
  await control.publish(channel, "before");
  await pause(100);
  await control.client("KILL", "TYPE", "pubsub"); // as a restart, or a proxy that closes
  await pause(1_000);
  while (!isConnected()) await pause(10);
  await pause(1_000);
  const receivers = await control.publish(channel, "after");
  await pause(200);
  console.log(`${name}: got ${got}; connected again, and the server has ${receivers} receiver(s)`);
  if (`${got} ${receivers}` !== (expected[name] ?? "before,after 1")) result = 1;
}
process.exit(result);
JS
redis-server --version
npx bun lost.mjs
