#!/usr/bin/env bash
# The client `redis` (node-redis 6), its `timeout` of commands, and a server that stands still.
#
# A guess: a command with `commandOptions: { timeout: 1000 }` is rejected after a second without an answer, as with
# `commandTimeout` of ioredis. The timeout of node-redis ends when the command is written to the socket: it bounds the wait
# in the client's own queue, and a command that was sent waits for its answer without end. What bounds that is
# `socketTimeout`, which closes the connection for all commands, and needs `pingInterval`, or it closes an idle one too.
# Redis 7.0. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 redis@6.3.1 >/dev/null
cat >timeout.mjs <<'JS'
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Redis } from "ioredis";
import { createClient } from "redis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const args = ["--port", "0", "--unixsocket", "redis.sock", "--save", ""];
const server = spawn("redis-server", args, { stdio: "ignore" });
process.on("exit", () => server.kill("SIGKILL"));
while (!existsSync("redis.sock")) await new Promise((resolve) => setTimeout(resolve, 50));

const path = "redis.sock";
const commandOptions = { timeout: 1000 };
const connect = (socket, options) =>
  createClient({ socket: { path, ...socket }, commandOptions, ...options }).on("error", () => {}).connect();
const io = new Redis({ path, commandTimeout: 1000 });
io.on("error", () => {});
await io.ping();
const clients = {
  "ioredis, commandTimeout 1 s": io,
  "redis, timeout 1 s": await connect(),
  "redis, timeout 1 s, socketTimeout 3 s": await connect({ socketTimeout: 3000 }, { pingInterval: 1000 }),
};
server.kill("SIGSTOP");
const seen = await Promise.all(Object.entries(clients).map(async ([name, client]) => {
  const start = performance.now();
  const rejected = client.get("key").then(() => "answered", () => "rejected");
  const outcome = await Promise.race([rejected, new Promise((resolve) => setTimeout(resolve, 8000, "neither"))]);
  const seconds = (performance.now() - start) / 1000;
  return `${name}: ${outcome} after ${seconds < 2 ? "1 to 2" : seconds < 7 ? "3 to 7" : "8"} s`;
}));
console.log(seen.join("\n"));
const expected = [
  "ioredis, commandTimeout 1 s: rejected after 1 to 2 s",
  "redis, timeout 1 s: neither after 8 s",
  "redis, timeout 1 s, socketTimeout 3 s: rejected after 3 to 7 s",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
redis-server --version
node timeout.mjs
