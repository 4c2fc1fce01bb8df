#!/usr/bin/env bash
# The client `@nats-io/jetstream` 3.4 with nats-server 2.9, the version of Debian 12, and what newer servers brought.
#
# A guess: the client knows the server's version and refuses what the server cannot do; it does so for several things.
# For others it sends the request, the old server ignores the field, and both sides say "done". A message with a `ttl` is
# stored for ever; a stream that was made with `allow_msg_ttl` is there without it; its returned configuration shows it.
# A list of subjects for a consumer is refused, even a list of one, while the same subject as a string works.
# So ask `info.version` at the start, and compare a stream's configuration with what was asked for.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nats-server >/dev/null
dpkg -x nats-server*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 >/dev/null
cat >options.mjs <<'JS'
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
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
const manager = await jetstreamManager(client);
const streams = jetstream(client);

const { config } = await manager.streams.add({ name: "news", subjects: ["news.>"], allow_msg_ttl: true });
const { seq } = await streams.publish("news.a", "short-lived", { ttl: "1s" });
await new Promise((resolve) => setTimeout(resolve, 3000));
const left = await manager.streams.getMessage("news", { seq });
/** Whether an ordered consumer can be made. */
const consumer = (filter_subjects) =>
  streams.consumers.get("news", { filter_subjects }).then(() => "made", ({ message }) => message);
const seen = [
  `stream with allow_msg_ttl: made, allow_msg_ttl ${config.allow_msg_ttl}`,
  `message with a ttl of 1 s: stored, after 3 s ${left === null ? "gone" : "still there"}`,
  `consumer for "news.a": ${await consumer("news.a")}`,
  `consumer for ["news.a"]: ${await consumer(["news.a"])}`,
];
console.log(seen.join("\n"));
const expected = [
  "stream with allow_msg_ttl: made, allow_msg_ttl undefined",
  "message with a ttl of 1 s: stored, after 3 s still there",
  'consumer for "news.a": made',
  `consumer for ["news.a"]: 'filter_subjects' requires server 2.10.0`,
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
nats-server --version
node options.mjs
