#!/usr/bin/env bash
# Scripts of the clients of Redis (`defineCommand` of ioredis and iovalkey, `defineScript` of node-redis), after the server
# has lost its scripts: a restart, a failover to a fresh server, SCRIPT FLUSH.
#
# A guess: one connection carries out commands in the order of the calls, and a script that is gone is sent again behind the
# scenes. It is sent again, but behind everything that was called meanwhile: publications 1 2 3 4 arrive as 2 4 1 3.
# In a MULTI of ioredis and iovalkey nothing is sent again: the scripts fail with NOSCRIPT, and the other commands
# of the same transaction are carried out. Who needs an order loads the script as the first command of each
# connection. Redis 7.0. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 redis@6.3.1 >/dev/null
cat >script.mjs <<'JS'
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createClient, defineScript } from "redis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const redis = spawn("redis-server", ["--port", "0", "--unixsocket", "redis.sock", "--save", ""], { stdio: "ignore" });
process.on("exit", () => redis.kill("SIGKILL"));
while (!existsSync("redis.sock")) await new Promise((resolve) => setTimeout(resolve, 50));
const lua = "return redis.call('rpush', KEYS[1], ARGV[1])";

/** The same operations on a client of each package. */
async function open(name) {
  if (name === "redis") {
    const append = defineScript({
      NUMBER_OF_KEYS: 1,
      SCRIPT: lua,
      parseCommand(parser, key, value) {
        parser.pushKey(key);
        parser.push(value);
      },
      transformReply: (reply) => reply,
    });
    const client = await createClient({ socket: { path: "redis.sock" }, scripts: { append } }).connect();
    return {
      append: (value) => client.append(name, value),
      push: (value) => client.rPush(name, value),
      flush: () => client.scriptFlush(),
      list: () => client.lRange(name, 0, -1),
      transaction: () => client.multi().append(name, "5").rPush(name, "6").exec(),
    };
  }
  const { Redis } = await import(name);
  const client = new Redis({ path: "redis.sock", scripts: { append: { lua, numberOfKeys: 1 } } });
  return {
    append: (value) => client.append(name, value),
    push: (value) => client.rpush(name, value),
    flush: () => client.script("FLUSH"),
    list: () => client.lrange(name, 0, -1),
    transaction: () => client.multi().append(name, "5").rpush(name, "6").exec(),
  };
}

let result = 0;
for (const name of ["ioredis", "iovalkey", "redis"]) {
  const client = await open(name);
  await client.append("0");
  await client.flush();
  await Promise.all([client.append("1"), client.push("2"), client.append("3"), client.push("4")]);
  const order = (await client.list()).join(" ");
  await client.flush();
  await client.transaction().catch(() => {});
  const list = (await client.list()).slice(5).join(" ");
  console.log(`${name}: 0 to 4 arrived as ${order}; of 5 and 6 in a transaction arrived ${list}`);
  if (order !== "0 2 4 1 3" || list !== (name === "redis" ? "5 6" : "6")) result = 1;
}
process.exit(result);
JS
redis-server --version
node script.mjs
