#!/usr/bin/env bash
# The option `enableAutoPipelining` of ioredis and iovalkey, and the order of the commands of one client.
#
# A guess: one connection carries out the commands in the order of the calls, as without the option; they only travel together. The commands
# of a turn are held back until its end, but multi(), pipeline() and select() are not held back with them, so they overtake what was called
# before. A MULTI does not see the SET before it, the older of two values is the one that stays, and select() takes the write before it
# to the other database. No error tells. Who mixes them awaits each one, or puts all into one pipeline. Redis 7.0.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download redis-server redis-tools libjemalloc2 liblzf1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/bin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 >/dev/null
cat >order.mjs <<'JS'
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const args = ["--port", "0", "--unixsocket", "redis.sock", "--save", ""];
const redis = spawn("redis-server", args, { stdio: "ignore" });
process.on("exit", () => redis.kill("SIGKILL"));
while (!existsSync("redis.sock")) await new Promise((resolve) => setTimeout(resolve, 50));

let result = 0;
for (const library of ["ioredis", "iovalkey"]) {
  const { Redis } = await import(library);
  for (const enableAutoPipelining of [false, true]) {
    const client = new Redis({ path: "redis.sock", enableAutoPipelining });
    client.on("error", () => {});
    await client.flushall();
    await client.set("state", "before");

    // A value is written, and read in a transaction.
    const [, [[, read]]] = await Promise.all([client.set("state", "1"), client.multi().get("state").exec()]);
    // One value after the other.
    await Promise.all([client.set("state", "older"), client.multi().set("state", "newer").exec()]);
    const stays = await client.get("state");
    // A value is written here, then the client moves to another database.
    await Promise.all([client.set("place", "here"), client.select(1)]);
    const moved = await client.exists("place") === 1;
    await client.select(0);

    const seen = `MULTI reads "${read}", "${stays}" stays, the write before select() is in database ${moved ? 1 : 0}`;
    console.log(`${library}, enableAutoPipelining: ${enableAutoPipelining}: ${seen}`);
    const expected = enableAutoPipelining
      ? 'MULTI reads "before", "older" stays, the write before select() is in database 1'
      : 'MULTI reads "1", "newer" stays, the write before select() is in database 0';
    if (seen !== expected) result = 1;
    client.disconnect();
  }
}
process.exit(result);
JS
redis-server --version
node order.mjs
