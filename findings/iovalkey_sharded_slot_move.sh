#!/usr/bin/env bash
# Sharded publish/subscribe (SSUBSCRIBE) in a Redis Cluster, when the slot of a channel moves to another node.
#
# A guess: the server tells subscribers (it sends `sunsubscribe`), so each client library subscribes again at the new
# node, as they do after a lost connection. ioredis 6 and node-redis 6 do so at once. iovalkey, which has the same
# interface and the same `shardedSubscribers` option, does not: no message arrives any more, no event or error tells, and its
# own SPUBLISH goes to the new node and is answered with 0 receivers. A cluster that is resharded or grown loses
# all deliveries of a slot until the process is restarted. Redis 7.0. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 redis@6.3.1 >/dev/null
cat >move.mjs <<'JS'
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { createCluster } from "redis";

setTimeout(() => process.exit(2), 120_000); // if something of this has changed
const host = "127.0.0.1";
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const until = async (condition) => {
  while (!await condition().catch(() => false)) await pause(100);
};
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, host, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const quiet = (client) => client.on("error", () => {});
const children = [];
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** A node of a cluster. */
async function startNode() {
  const [port, busPort] = [await freePort(), await freePort()];
  const file = `nodes${port}.conf`;
  const options = ["--cluster-enabled", "yes", "--cluster-config-file", file, "--cluster-port", busPort];
  children.push(
    spawn("redis-server", ["--port", port, "--bind", host, "--save", "", ...options], { stdio: "ignore" }),
  );
  const admin = quiet(new Redis({ host, port, protocol: 2, enableReadyCheck: false, maxRetriesPerRequest: null }));
  return { port, busPort, admin, id: await admin.cluster("MYID") };
}

/** A cluster of two nodes. */
async function startCluster() {
  const nodes = [await startNode(), await startNode()];
  await nodes[0].admin.cluster("ADDSLOTSRANGE", 0, 8191);
  await nodes[1].admin.cluster("ADDSLOTSRANGE", 8192, 16383);
  await nodes[0].admin.cluster("MEET", host, nodes[1].port, nodes[1].busPort);
  for (const { admin } of nodes) {
    await until(async () => /cluster_state:ok[^]*cluster_known_nodes:2/.test(await admin.cluster("INFO")));
    await until(async () => (await admin.cluster("SLOTS")).length === 2);
  }
  return nodes;
}

/** A cluster client of a package. */
async function open(library, nodes) {
  if (library === "redis") {
    const rootNodes = nodes.map(({ port }) => ({ socket: { host, port } }));
    const client = await quiet(createCluster({ rootNodes })).connect();
    return {
      subscribe: (listener) => client.sSubscribe("news", listener),
      publish: (text) => client.sPublish("news", text),
    };
  }
  const { Cluster } = await import(library);
  const client = quiet(new Cluster(nodes.map(({ port }) => ({ host, port })), { shardedSubscribers: true }));
  await until(() => Promise.resolve(client.status === "ready"));
  return {
    subscribe: (listener) => {
      client.on("smessage", (_, text) => listener(text));
      return client.ssubscribe("news");
    },
    publish: (text) => client.spublish("news", text),
  };
}

/** What arrives after the slot has moved to the other node. */
async function afterMove(library) {
  const nodes = await startCluster();
  const client = await open(library, nodes);
  const received = [];
  await client.subscribe((text) => received.push(text));
  await client.publish("before");
  await until(() => Promise.resolve(received.length > 0));
  const slot = await nodes[0].admin.cluster("KEYSLOT", "news");
  const [from, to] = slot <= 8191 ? nodes : [...nodes].reverse();
  await to.admin.cluster("SETSLOT", slot, "IMPORTING", from.id);
  await from.admin.cluster("SETSLOT", slot, "MIGRATING", to.id);
  for (const { admin } of [to, from]) await admin.cluster("SETSLOT", slot, "NODE", to.id);
  await pause(10_000);
  const receivers = await client.publish("after");
  await pause(500);
  return `received ${received.join(", ")}; SPUBLISH: ${receivers} receivers`;
}

const lost = "received before; SPUBLISH: 0 receivers";
const moved = "received before, after; SPUBLISH: 1 receivers";
const rows = [["iovalkey", lost], ["ioredis", moved], ["redis", moved]];
const all = await Promise.all(rows.map(async ([library, expected]) => {
  const seen = await afterMove(library);
  console.log(`${library}: ${seen}`);
  return seen === expected;
}));
process.exit(all.every(Boolean) ? 0 : 1);
JS
redis-server --version
node move.mjs
