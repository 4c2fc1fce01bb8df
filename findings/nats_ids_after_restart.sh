#!/usr/bin/env bash
# JetStream of nats-server 2.9, and the ids (Nats-Msg-Id) of messages that are no longer in the stream.
#
# A guess: an id counts for `duplicate_window` (two minutes unless set), whatever becomes of its message; or for as long as its message is there.
# It is the one while the server runs, and the other from its next start on, as it then reads the ids from the messages that are left. So where
# a stream keeps the newest of each subject, a publisher that repeats an older value, because its answer was lost in the restart, replaces the
# newer one well within the window. And what is published again under the id of a message that was deleted or purged, even
# with the whole stream, is acknowledged as a "duplicate" and is nowhere. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nats-server >/dev/null
dpkg -x nats-server*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 >/dev/null
cat >ids.mjs <<'JS'
import { connect, headers } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { createServer } from "node:net";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
let server, client;
process.on("exit", () => server.kill("SIGKILL"));
async function start() {
  const args = ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", "store"];
  server = spawn("nats-server", args, { stdio: "ignore" });
  client = undefined;
  while (client === undefined) {
    client = await connect({ servers: `127.0.0.1:${port}` }).catch(() => pause(50));
  }
}
async function restart() {
  await client.close();
  const end = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await end;
  await start();
}
/** Asks until JetStream has started. */
async function request(subject, body, options) {
  for (;;) {
    const answer = await client.request(subject, body, options).catch(() => undefined);
    if (answer !== undefined) return answer.json();
    await pause(50);
  }
}
const ask = (name, body) => request(`$JS.API.${name}`, JSON.stringify(body));
/** Publishes a text, whose id is the text too. */
async function publish(subject, text) {
  const fields = headers();
  fields.set("Nats-Msg-Id", text);
  return (await request(subject, text, { headers: fields })).duplicate ? "duplicate" : "stored";
}

await start();
for (const name of ["newest", "subject", "whole", "deleted"]) {
  const limit = name === "newest" ? { max_msgs_per_subject: 1 } : {};
  await ask(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.*`], storage: "file", ...limit });
  await publish(`${name}.a`, "older");
}
await publish("newest.a", "newer");
await ask("STREAM.PURGE.subject", { filter: "subject.a" });
await ask("STREAM.PURGE.whole", {});
await ask("STREAM.MSG.DELETE.deleted", { seq: 1 });
const seen = {};
for (const name of ["newest", "subject", "whole", "deleted"]) seen[name] = [await publish(`${name}.a`, "older")];
await restart();
for (const name of Object.keys(seen)) seen[name].push(await publish(`${name}.a`, "older"));
const { message } = await ask("STREAM.MSG.GET.newest", { last_by_subj: "newest.a" });
const value = Buffer.from(message.data, "base64").toString();
const lines = [
  `displaced by a newer one: ${seen.newest.join(", after a restart ")}; the value is then "${value}"`,
  `purged with its subject: ${seen.subject.join(", after a restart ")}`,
  `deleted: ${seen.deleted.join(", after a restart ")}`,
  `purged with the whole stream: ${seen.whole.join(", after a restart ")}`,
];
console.log(lines.join("\n"));
const expected = [
  'displaced by a newer one: duplicate, after a restart stored; the value is then "older"',
  "purged with its subject: duplicate, after a restart stored",
  "deleted: duplicate, after a restart stored",
  "purged with the whole stream: duplicate, after a restart stored",
];
process.exit(lines.join("\n") === expected.join("\n") ? 0 : 1);
JS
nats-server --version
node ids.mjs
