#!/usr/bin/env bash
# node:net in Deno, and `setKeepAlive`, with which clients of databases notice a peer that has vanished.
#
# A guess: it sets SO_KEEPALIVE, as in Node. So it is in Deno 2.9.6 and in Bun. In Deno 2.4.2 the method and the option are
# accepted and do nothing: ioredis, which asks for 30 seconds by default, has no timer on its socket. A connection that only
# listens (a subscriber of Redis, LISTEN of Postgres) to a machine that went away without a word stays "connected" for
# ever, so it needs a ping of its own. Seen in the timers of /proc/net/tcp. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >alive.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import process from "node:process";
import { Redis } from "ioredis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
await new Promise((resolve) => server.on("listening", resolve));
const { port } = server.address();
const pause = () => new Promise((resolve) => setTimeout(resolve, 300));

/** Whether the client's socket has a keep-alive timer (kind 02), by its line in the kernel's table. */
function timer() {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/));
  const established = lines.find(([, , remote, state]) => remote?.endsWith(hex) && state === "01");
  return established[5].startsWith("02") ? "a timer" : "no timer";
}
const socket = createConnection(port, "127.0.0.1");
await new Promise((resolve) => socket.on("connect", resolve));
socket.setKeepAlive(true, 5000);
await pause();
const seen = [`setKeepAlive: ${timer()}`];
await new Promise((resolve) => socket.on("close", resolve).destroy());
await pause();
new Redis({ port, host: "127.0.0.1", retryStrategy: () => null, protocol: 2 }).on("error", () => {});
await pause();
seen.push(`ioredis: ${timer()}`);
console.log(seen.join(", "));
process.exit(0);
JS
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 "bun@$bun" >/dev/null
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
done
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
yes="setKeepAlive: a timer, ioredis: a timer"
check "node $(node --version)" "$yes" "$(node alive.mjs)"
check "bun $bun" "$yes" "$(npx bun alive.mjs)"
check "deno 2.9.6" "$yes" "$(deno-2.9.6/node_modules/.bin/deno run --quiet --no-check -A alive.mjs)"
check "deno 2.4.2" "setKeepAlive: no timer, ioredis: no timer" \
  "$(deno-2.4.2/node_modules/.bin/deno run --quiet --no-check -A alive.mjs)"
exit $result
