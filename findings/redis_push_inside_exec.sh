#!/usr/bin/env bash
# RESP3 of Redis 7.0, and a connection that subscribes to a channel and publishes in it.
#
# A guess: with RESP3 one connection can do both, and a push stands between two replies, never inside one. What is published
# in a MULTI is pushed in the middle of the array that answers EXEC. ioredis 6, which offers commands on a
# subscriber, stumbles on it: exec() fails with "Unknown RESP type" although the transaction was carried
# out, and the message never arrives. A script (EVAL) is no trouble: its pushes come whole, before its reply. So keep the
# connection that publishes apart from the one that listens, or publish in scripts alone.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 >/dev/null
cat >push.mjs <<'JS'
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { Redis } from "ioredis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const redis = spawn("redis-server", ["--port", "0", "--unixsocket", "redis.sock", "--save", ""], { stdio: "ignore" });
process.on("exit", () => redis.kill("SIGKILL"));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
while (!existsSync("redis.sock")) await pause(50);

const socket = createConnection("redis.sock");
let received = "";
socket.on("data", (bytes) => received += bytes);
/** What the server answers to some commands: a line for each type of reply and its text. */
async function answer(commands, end) {
  received = "";
  for (const words of commands) socket.write(words.map((word) => `${JSON.stringify(word)} `).join("") + "\r\n");
  while (!received.endsWith(end)) await pause(10);
  return received.replace(/\$\d+\r\n/g, "").trim().replaceAll("\r\n", " ");
}
await answer([["HELLO", "3"], ["SUBSCRIBE", "news"]], ":1\r\n");
const script = "redis.call('publish', 'news', 'one') return redis.call('incr', 'n')";
const seen = [
  await answer([["EVAL", script, "0"]], ":1\r\n"),
  await answer([["MULTI"], ["INCR", "n"], ["PUBLISH", "news", "two"], ["INCR", "n"], ["EXEC"]], ":3\r\n"),
];

const client = new Redis({ path: "redis.sock" });
client.on("error", () => {});
const messages = [];
client.on("message", (_, text) => messages.push(text));
await client.subscribe("news");
const exec = client.multi().set("key", "value").publish("news", "three").exec();
seen.push(await exec.then(() => "done", ({ message }) => message.slice(0, 17)));
await pause(300);
seen.push(`${await new Redis({ path: "redis.sock" }).get("key")}, messages: ${messages.join(" ") || "none"}`);
console.log(["EVAL", "EXEC", "ioredis, exec()", "ioredis, then"].map((row, i) => `${row}: ${seen[i]}`).join("\n"));
const expected = [
  ">3 message news one :1",
  "+OK +QUEUED +QUEUED +QUEUED *3 :2 >3 message news two :1 :3",
  "Unknown RESP type",
  "value, messages: none",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
redis-server --version
node push.mjs
