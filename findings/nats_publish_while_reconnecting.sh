#!/usr/bin/env bash
# The client `@nats-io/transport-node`, and publish() while the server is away and the client reconnects.
#
# A guess: publications are kept in a buffer and sent after the reconnection, or publish() throws. It returns, and the
# publication is dropped: what is published from the loss of the connection to the reconnection never arrives. The one
# sign is a flush() that was called in that time: it is rejected. So a server tells its publishers "published" only
# after a flush(), or after an answer of JetStream. nats-server 2.9, in Node and in Deno.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nats-server >/dev/null
dpkg -x nats-server*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 "deno@$deno" >/dev/null
cat >away.mjs <<'JS'
import { connect } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const start = () => spawn("nats-server", ["-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
let server = start();
process.on("exit", () => server.kill("SIGKILL"));
const options = { servers: `127.0.0.1:${port}`, reconnectTimeWait: 200, maxReconnectAttempts: -1 };
let client;
while (client === undefined) client = await connect(options).catch(() => undefined);
const received = [];
client.subscribe("news", { callback: (_, message) => received.push(message.string()) });
let reconnected;
const back = new Promise((resolve) => reconnected = resolve);
let lost;
const away = new Promise((resolve) => lost = resolve);
(async () => {
  for await (const { type } of client.status()) {
    if (type === "disconnect") lost();
    if (type === "reconnect") reconnected();
  }
})();

client.publish("news", "before");
await client.flush();
server.kill("SIGKILL");
await away;
const seen = [];
try {
  client.publish("news", "while away");
  seen.push("publish() returned");
} catch {
  seen.push("publish() threw");
}
const flush = client.flush().then(() => "flush() resolved", () => "flush() rejected");
server = start();
await back;
seen.push(await flush);
client.publish("news", "after");
await client.flush();
await new Promise((resolve) => setTimeout(resolve, 500));
seen.push(`received ${received.join(", ")}`);
console.log(`  ${seen.join("; ")}`);
process.exit(seen.join("; ") === "publish() returned; flush() rejected; received before, after" ? 0 : 1);
JS
result=0
nats-server --version
echo "node $(node --version)"
node away.mjs || result=1
echo "deno $deno"
npx deno run --quiet --no-check -A away.mjs || result=1
exit $result
