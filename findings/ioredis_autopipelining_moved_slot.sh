#!/usr/bin/env bash
# The option `enableAutoPipelining` of ioredis and iovalkey with a Redis Cluster, after a slot has moved to another node.
#
# A guess: the cluster client follows a redirection (MOVED), as it does without the option; the command succeeds at the new node, and the
# client knows it from then on. With the option, the commands that are called in one turn for one node are one pipeline. If any write in it was
# carried out, the pipeline is not sent again, and the others get "MOVED" as an error: writes to a key that has moved fail because somebody else
# writes to another key at the same time. The client does not learn from it, so it goes on; after seconds each of them still fails. It
# heals with the first one that is alone in its turn. So what worked in a test without load fails under load, after a resharding.
# Redis 7.0. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 >/dev/null
cat >move.mjs <<'JS'
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { Redis } from "ioredis";

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
  const admin = new Redis({ host, port, enableReadyCheck: false, maxRetriesPerRequest: null });
  admin.on("error", () => {});
  return { port, busPort, admin, id: await admin.cluster("MYID") };
}
const nodes = [await startNode(), await startNode()];
await nodes[0].admin.cluster("ADDSLOTSRANGE", 0, 8191);
await nodes[1].admin.cluster("ADDSLOTSRANGE", 8192, 16383);
await nodes[0].admin.cluster("MEET", host, nodes[1].port, nodes[1].busPort);
for (const { admin } of nodes) {
  await until(async () => /cluster_state:ok[^]*cluster_known_nodes:2/.test(await admin.cluster("INFO")));
  await until(async () => (await admin.cluster("SLOTS")).length === 2);
}
/** Keys of different slots of the first node. */
const keys = [];
for (let count = 0; keys.length < 5; count++) {
  const slot = await nodes[0].admin.cluster("KEYSLOT", `key${count}`);
  if (slot < 8192 && keys.every((key) => key.slot !== slot)) keys.push({ name: `key${count}`, slot });
}
const neighbour = keys.pop();

let result = 0;
for (const library of ["ioredis", "iovalkey"]) {
  const { Cluster } = await import(library);
  for (const enableAutoPipelining of [false, true]) {
    const key = keys.pop();
    const client = new Cluster(nodes.map(({ port }) => ({ host, port })), { enableAutoPipelining });
    client.on("error", () => {});
    await until(() => Promise.resolve(client.status === "ready"));
    const [from, to] = nodes;
    await to.admin.cluster("SETSLOT", key.slot, "IMPORTING", from.id);
    await from.admin.cluster("SETSLOT", key.slot, "MIGRATING", to.id);
    for (const { admin } of [to, from]) await admin.cluster("SETSLOT", key.slot, "NODE", to.id);

    const outcomes = new Set();
    let last;
    for (const end = Date.now() + 5000; Date.now() < end; await pause(20)) {
      const [moved] = await Promise.allSettled([client.incr(key.name), client.incr(neighbour.name)]);
      last = moved.status === "fulfilled" ? "done" : moved.reason.message.split(" ")[0];
      outcomes.add(last);
    }
    const alone = await client.incr(key.name).then(() => "done", ({ message }) => message);
    const [after] = await Promise.allSettled([client.incr(key.name), client.incr(neighbour.name)]);
    const seen = `for 5 s: ${[...outcomes].join(" and ")}; the write alone: ${alone}; then with another: ` +
      (after.status === "fulfilled" ? "done" : after.reason.message);
    console.log(`${library}, enableAutoPipelining: ${enableAutoPipelining}: ${seen}`);
    const expected = enableAutoPipelining ? "MOVED" : "done";
    if (seen !== `for 5 s: ${expected}; the write alone: done; then with another: done`) result = 1;
    client.disconnect();
  }
}
process.exit(result);
JS
redis-server --version
node move.mjs
