#!/usr/bin/env bash
# PUBLISH on a replica of Redis 7.0 (no cluster), and on a master that has become one.
#
# A guess: a replica is read-only, so it refuses a publication with READONLY as it refuses each write, or it hands it to its master, so that all
# get it. It takes it, and only its own subscribers get it; the master's publications reach both. After a change of roles by REPLICAOF the
# connections stay. A publisher that stays connected to the former master, because nothing it sends is refused, reaches one half of the
# subscribers from then on, and the number that it gets back is not 0. A client that watches for READONLY sees none, nor does a script that
# only publishes meet it. A script that also writes is refused. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 >/dev/null
cat >replica.mjs <<'JS'
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { Redis } from "ioredis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const host = "127.0.0.1";
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, host, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const received = [];
/** A server, a publisher and a subscriber. */
async function start(name) {
  const port = await freePort();
  const server = spawn("redis-server", ["--port", port, "--bind", host, "--save", ""], { stdio: "ignore" });
  process.on("exit", () => server.kill("SIGKILL"));
  const options = { host, port };
  const [publisher, subscriber] = [new Redis(options), new Redis(options)];
  for (const client of [publisher, subscriber]) client.on("error", () => {});
  subscriber.on("message", (_, text) => received.push(`${text} at ${name}`));
  await subscriber.subscribe("news");
  return { port, publisher };
}
/** Waits until the one replicates the other. */
async function follow(replica, master) {
  await replica.publisher.replicaof(host, master.port);
  while (!/master_link_status:up/.test(await replica.publisher.info("replication"))) await pause(100);
}
/** What becomes of a command that publishes. */
async function outcome(name, command) {
  const answer = await command().catch(({ message }) => message.split(" ")[0]);
  await pause(500);
  return `${name}: ${answer}, ${received.splice(0).sort().join(" and ") || "at nobody"}`;
}
const first = await start("A"), second = await start("B");
await follow(second, first);
const seen = [
  await outcome("A is the master, published there", () => first.publisher.publish("news", "1")),
  await outcome("published at its replica B", () => second.publisher.publish("news", "2")),
];
let reconnections = 0;
first.publisher.on("close", () => reconnections++);
await second.publisher.replicaof("NO", "ONE");
await follow(first, second);
seen.push(
  await outcome("B is the master now, published there", () => second.publisher.publish("news", "3")),
  await outcome("published at A by who was connected to it", () => first.publisher.publish("news", "4")),
  await outcome("by a script", () => first.publisher.eval("return redis.call('PUBLISH', 'news', '5')", 0)),
  `connections lost so far: ${reconnections}`,
  await outcome(
    "by a script that writes",
    () => first.publisher.eval("redis.call('SET', KEYS[1], '1') return redis.call('PUBLISH', 'news', '6')", 1, "key"),
  ),
);
console.log(seen.join("\n"));
const expected = [
  "A is the master, published there: 1, 1 at A and 1 at B",
  "published at its replica B: 1, 2 at B",
  "B is the master now, published there: 1, 3 at A and 3 at B",
  "published at A by who was connected to it: 1, 4 at A",
  "by a script: 1, 5 at A",
  "connections lost so far: 0",
  "by a script that writes: READONLY, at nobody",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
redis-server --version
node replica.mjs
