#!/usr/bin/env bash
# Clients of Redis with Sentinel, and a master whose process stands still while its connections stay open.
#
# A guess: a client that knows Sentinel moves when Sentinel has a new master. ioredis and iovalkey ask Sentinel only when
# they connect. The failover is over after two seconds, and ten seconds later the subscriber still listens to the old
# master, and a publication has neither an answer nor an error; no event tells (the kernel goes on answering `keepAlive`).
# With `failoverDetector: true`, off by default, ioredis moves; the Sentinel client of node-redis 6 does so by itself.
# Redis 7.0. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 redis@6.3.1 >/dev/null
cat >frozen.mjs <<'JS'
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { createSentinel } from "redis";

setTimeout(() => process.exit(2), 120_000); // if something of this has changed
const host = "127.0.0.1";
const name = "main";
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
function start(...args) {
  children.push(spawn("redis-server", args, { stdio: "ignore" }));
  return children.at(-1);
}
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** A subscriber, and who publishes, in one package. */
async function open(library, options, sentinelPort) {
  if (library === "redis") {
    const sentinelRootNodes = [{ host, port: sentinelPort }];
    const connect = () => quiet(createSentinel({ name, sentinelRootNodes })).connect();
    const [subscriber, publisher] = [await connect(), await connect()];
    return {
      subscribe: (listener) => subscriber.subscribe("news", listener),
      publish: (text) => publisher.publish("news", text),
    };
  }
  const { Redis } = await import(library);
  const connect = () => quiet(new Redis({ sentinels: [{ host, port: sentinelPort }], name, ...options }));
  const [subscriber, publisher] = [connect(), connect()];
  return {
    subscribe: (listener) => {
      subscriber.on("message", (_, text) => listener(text));
      return subscriber.subscribe("news");
    },
    publish: (text) => publisher.publish("news", text),
  };
}

/** What a client sees ten seconds after a failover from a master that stands still. */
async function afterFailover(library, options) {
  const [masterPort, replicaPort, sentinelPort] = [await freePort(), await freePort(), await freePort()];
  const common = ["--bind", host, "--save", ""];
  const master = start("--port", masterPort, ...common);
  start("--port", replicaPort, ...common, "--replicaof", host, masterPort);
  const monitor = `sentinel monitor ${name} ${host} ${masterPort} 1\nsentinel down-after-milliseconds ${name} 1000\n`;
  writeFileSync(`sentinel${sentinelPort}.conf`, `port ${sentinelPort}\nbind ${host}\n${monitor}`);
  start(`sentinel${sentinelPort}.conf`, "--sentinel");
  const replica = quiet(new Redis({ host, port: replicaPort }));
  const sentinel = quiet(new Redis({ host, port: sentinelPort, protocol: 2 }));
  await until(async () => (await replica.info("replication")).includes("master_link_status:up"));
  await until(async () => (await sentinel.call("SENTINEL", "replicas", name)).length > 0);

  const client = await open(library, options, sentinelPort);
  const received = [];
  await client.subscribe((text) => received.push(text));
  await client.publish("before");
  await until(() => Promise.resolve(received.length > 0));
  await pause(2000); // the clients listen to Sentinel by connections of their own
  master.kill("SIGSTOP");
  await until(async () => (await replica.role())[0] === "master");
  await pause(10_000);
  const publish = client.publish("after").then(() => "answer", () => "error");
  await replica.publish("news", "from elsewhere");
  const answer = await Promise.race([publish, pause(2000).then(() => "neither answer nor error")]);
  await pause(1000);
  return `received ${received.join(", ")}; publish: ${answer}`;
}

const still = "received before; publish: neither answer nor error";
const moved = /^received before, (after, from elsewhere|from elsewhere, after); publish: answer$/;
const rows = [
  ["ioredis", {}, (seen) => seen === still],
  ["iovalkey", {}, (seen) => seen === still],
  ["ioredis", { failoverDetector: true }, (seen) => moved.test(seen)],
  ["redis", {}, (seen) => moved.test(seen)],
];
const all = await Promise.all(rows.map(async ([library, options, isExpected]) => {
  const seen = await afterFailover(library, options);
  console.log(`${library} ${JSON.stringify(options)}: ${seen}`);
  return isExpected(seen);
}));
process.exit(all.every(Boolean) ? 0 : 1);
JS
redis-server --version
node frozen.mjs
