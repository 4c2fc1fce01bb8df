#!/usr/bin/env bash
# JetStream of nats-server 2.9, and STREAM.PURGE "up to this sequence" if the sequence is 1.
#
# A guess: `{"filter": SUBJECT, "seq": N}` removes the messages of the subject before N, and keeps N: so with 1, nothing.
# With 2 it is so. With 1 the server takes the bound for missing and removes all messages of the subject, the newest, too:
# "purged": 2 of two. Whoever stores a message and then purges up to its own sequence loses the first message of a stream.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nats-server >/dev/null
dpkg -x nats-server*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 >/dev/null
cat >purge.mjs <<'JS'
import { connect } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { createServer } from "node:net";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const args = ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", "store"];
const server = spawn("nats-server", args, { stdio: "ignore" });
process.on("exit", () => server.kill("SIGKILL"));
let client;
while (client === undefined) client = await connect({ servers: `127.0.0.1:${port}` }).catch(() => undefined);
const ask = async (request, body) => (await client.request(`$JS.API.${request}`, JSON.stringify(body))).json();
const seen = [];
for (const storage of ["file", "memory"]) {
  for (const seq of [1, 2]) {
    const name = `${storage}${seq}`;
    await ask(`STREAM.CREATE.${name}`, { name, subjects: [name], storage });
    for (const text of ["a", "b"]) await client.request(name, text);
    const { purged } = await ask(`STREAM.PURGE.${name}`, { filter: name, seq });
    seen.push(`${storage}, up to ${seq}: ${purged} of 2 purged`);
  }
}
console.log(seen.join("\n"));
const expected = [
  "file, up to 1: 2 of 2 purged",
  "file, up to 2: 1 of 2 purged",
  "memory, up to 1: 2 of 2 purged",
  "memory, up to 2: 1 of 2 purged",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
nats-server --version
node purge.mjs
