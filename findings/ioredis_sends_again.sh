#!/usr/bin/env bash
# The clients of Redis for Node, and a connection that is lost after a command was carried out, before its answer came.
#
# A guess: the promise is rejected, since nobody knows whether the command was carried out; node-redis does so. By default
# ioredis and iovalkey send the command once more on the next connection, and resolve with the second answer: a counter
# counts twice, a publication is there twice, and no error or event tells. `autoResendUnfulfilledCommands: false` is half of
# the way: the promise then does not settle at all, unless `commandTimeout` is set. A server that appends to a history has
# to set both, or to give each publication a key that makes the second time harmless. Redis 7.0, in Node and in Deno.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 redis@6.3.1 "deno@$deno" >/dev/null
cat >cut.mjs <<'JS'
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import process from "node:process";
import { createClient } from "redis";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const args = ["--port", "0", "--unixsocket", "redis.sock", "--save", ""];
const redis = spawn("redis-server", args, { stdio: "ignore" });
process.on("exit", () => redis.kill("SIGKILL"));
while (!existsSync("redis.sock")) await new Promise((resolve) => setTimeout(resolve, 50));

/** A path to the server that is cut once, when the first answer to an INCR is on its way. */
async function pathThatIsCut(path) {
  let isCut = false;
  const proxy = createServer((client) => {
    let isAsked = false;
    const server = createConnection("redis.sock");
    const end = () => (client.destroy(), server.destroy());
    client.on("data", (bytes) => {
      isAsked ||= /incr/i.test(String(bytes));
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (!isAsked || isCut) return client.write(bytes);
      isCut = true;
      end();
    });
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
  });
  await new Promise((resolve) => proxy.listen(path, resolve));
  return path;
}

/** A client of the package, connected. */
async function connect(name, path, options) {
  if (name === "redis") return await createClient({ socket: { path } }).on("error", () => {}).connect();
  const { Redis } = await import(name);
  const client = new Redis({ path, ...options });
  client.on("error", () => {});
  await new Promise((resolve) => client.once("ready", resolve));
  return client;
}

const rows = [
  ["ioredis", {}, "answer 2, in Redis 2"],
  ["iovalkey", {}, "answer 2, in Redis 2"],
  ["ioredis", { autoResendUnfulfilledCommands: false }, "no answer, in Redis 1"],
  ["ioredis", { autoResendUnfulfilledCommands: false, commandTimeout: 1000 }, "error, in Redis 1"],
  ["redis", {}, "error, in Redis 1"],
];
let result = 0;
for (const [i, [name, options, expected]] of rows.entries()) {
  const client = await connect(name, await pathThatIsCut(`proxy${i}.sock`), options);
  const answer = await Promise.race([
    client.incr(`counter${i}`).then((value) => `answer ${value}`, () => "error"),
    new Promise((resolve) => setTimeout(resolve, 3000, "no answer")),
  ]);
  const seen = `${answer}, in Redis ${await client.get(`counter${i}`)}`;
  console.log(`  ${name} ${JSON.stringify(options)}: ${seen}`);
  if (seen !== expected) result = 1;
}
process.exit(result);
JS
result=0
redis-server --version
echo "node $(node --version)"
node cut.mjs || result=1
rm -f ./*.sock
echo "deno $deno"
npx deno run --quiet --no-check -A cut.mjs || result=1
exit $result
