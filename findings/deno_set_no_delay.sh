#!/usr/bin/env bash
# Deno's node:net, and setNoDelay() of a socket that is not connected yet.
#
# A guess: socket.setNoDelay(true) holds whenever it is called, as in Node, which keeps it until the connection is there. The clients
# ioredis and @nats-io/transport-node call it right behind createConnection(). In Deno 2.4.2 it is forgotten then, and a
# second call, when the socket is connected, does nothing either, as the value has not changed; false and then true helps. So a
# small write behind another one waits some 40 ms for the acknowledgement of the first. Deno 2.9.6 does as Node.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >probe.mjs <<'EOF_PROBE'
import { createConnection, createServer } from "node:net";
import process from "node:process";

const ROUNDS = 20;
const LATE_MS = 25;
const WAYS = {
  never: {},
  "before it is connected": { before: true },
  "before and behind that": { before: true, behind: [true] },
  "before, and off and on behind": { before: true, behind: [false, true] },
};

/** Of two small writes, each round: how often the second one comes late. */
async function lateOf({ before, behind = [] }) {
  let arrived;
  // It answers the second write alone, so the acknowledgement of the first is delayed.
  const server = createServer((peer) =>
    peer.on("data", (bytes) => {
      if (!bytes.includes(98)) return;
      arrived(performance.now());
      peer.write("c");
    })
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = createConnection(server.address().port, "127.0.0.1");
  if (before) socket.setNoDelay(true);
  await new Promise((resolve) => socket.once("connect", resolve));
  for (const value of behind) socket.setNoDelay(value);
  let late = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const answered = new Promise((resolve) => socket.once("data", resolve));
    const came = new Promise((resolve) => arrived = resolve);
    socket.write("a");
    await new Promise((resolve) => setTimeout(resolve, 2));
    const sent = performance.now();
    socket.write("b");
    if (await came - sent > LATE_MS) late++;
    await answered;
  }
  socket.destroy();
  server.close();
  return late;
}

const late = [];
for (const [way, options] of Object.entries(WAYS)) {
  late.push(await lateOf(options));
  console.log(`  ${way}: ${late.at(-1)} of ${ROUNDS} late`);
}
const isMost = late.map((count) => count > ROUNDS / 2);
const forgets = process.argv[2] === "forgets";
process.exit(JSON.stringify(isMost) === JSON.stringify([true, forgets, forgets, false]) ? 0 : 1);
EOF_PROBE

result=0
for version in 2.4.2 2.9.6; do
  mkdir "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  echo "deno $version"
  expected=keeps
  [ "$version" = 2.4.2 ] && expected=forgets
  "deno-$version/node_modules/.bin/deno" run --quiet -A probe.mjs "$expected" || result=1
done
echo "node $(node --version)"
node probe.mjs keeps || result=1
exit "$result"
