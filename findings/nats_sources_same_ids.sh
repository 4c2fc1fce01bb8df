#!/usr/bin/env bash
# JetStream of nats-server 2.9: a stream that gathers others (`sources`), and two of them have a message with the same id (Nats-Msg-Id).
#
# A guess: ids tell duplicates of one stream apart, so "1" of the orders of one region and "1" of another's are two messages, which both were
# acknowledged, and the stream that gathers them has both; or the source stops there, and its lag shows it. The id travels with the message and
# is compared again, across all sources. The second one is left out, for good; the source says "lag 0", its count of messages is the one sign.
# The same id again after `duplicate_window` passes, so it depends on how quickly one follows the other. An id has to be different
# in all streams that may ever be gathered. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nats-server >/dev/null
dpkg -x nats-server*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 >/dev/null
cat >sources.mjs <<'JS'
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
const args = ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", "store"];
const server = spawn("nats-server", args, { stdio: "ignore" });
process.on("exit", () => server.kill("SIGKILL"));
let client;
while (client === undefined) client = await connect({ servers: `127.0.0.1:${port}` }).catch(() => pause(50));
const ask = async (name, body = {}) => (await client.request(`$JS.API.${name}`, JSON.stringify(body))).json();
async function publish(subject, id) {
  const fields = headers();
  fields.set("Nats-Msg-Id", id);
  const { seq, duplicate = false } = (await client.request(subject, id, { headers: fields })).json();
  console.log(`${subject} ${id}: stored as message ${seq}${duplicate ? ", a duplicate" : ""}`);
}
/** The messages of the stream that gathers, once it has the last one of both sources. */
async function gathered(...last) {
  for (;;) {
    const { state, sources } = await ask("STREAM.INFO.ALL");
    const texts = [];
    for (let seq = 1; seq <= state.last_seq; seq++) {
      const { message } = await ask("STREAM.MSG.GET.ALL", { seq });
      texts.push(`${message.subject} ${Buffer.from(message.data, "base64")}`);
    }
    if (last.every((text) => texts.includes(text))) {
      return { texts: texts.sort().join(", "), lags: sources.map(({ lag }) => lag).join(", ") };
    }
    await pause(200);
  }
}

for (const name of ["EU", "US"]) await ask(`STREAM.CREATE.${name}`, { name, subjects: [`${name.toLowerCase()}.>`] });
const sources = [{ name: "EU" }, { name: "US" }];
await ask("STREAM.CREATE.ALL", { name: "ALL", sources, duplicate_window: 3_000_000_000 });
await publish("eu.order", "1");
await gathered("eu.order 1");
for (const id of ["1", "2"]) await publish("us.order", id);
const first = await gathered("us.order 2");
await pause(6000); // twice the window
await publish("eu.order", "2");
const second = await gathered("eu.order 2");
const seen = [
  `in the stream that gathers them: ${first.texts}; lags: ${first.lags}`,
  `after its window: ${second.texts}; lags: ${second.lags}`,
];
console.log(seen.join("\n"));
const expected = [
  "in the stream that gathers them: eu.order 1, us.order 2; lags: 0, 0",
  "after its window: eu.order 1, eu.order 2, us.order 2; lags: 0, 0",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
nats-server --version
node sources.mjs
