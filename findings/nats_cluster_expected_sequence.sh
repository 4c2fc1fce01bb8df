#!/usr/bin/env bash
# JetStream of nats-server 2.9 in a cluster, and two publications that expect the same last sequence of their subject.
#
# A guess: Nats-Expected-Last-Subject-Sequence is a compare-and-swap: of several publications that expect the same sequence one is
# stored, and the others are refused. On a single server it is so. In a stream with replicas the leader compares before the servers agree, and
# not again: those that are under way at the same time are all stored, and each is acknowledged. With 0 it compares again. With a Nats-Msg-Id
# that names the expected sequence, one is stored, as ids are looked up when the servers have agreed.
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
cat >sequences.mjs <<'JS'
import { connect, headers } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { createServer } from "node:net";

setTimeout(() => process.exit(2), 90_000); // if something of this has changed
const listening = Array.from({ length: 7 }, () => createServer().listen(0, "127.0.0.1"));
await Promise.all(listening.map((server) => new Promise((resolve) => server.once("listening", resolve))));
const ports = listening.map((server) => server.address().port);
await Promise.all(listening.map((server) => new Promise((resolve) => server.close(resolve))));
const routes = ports.slice(3, 6).map((port) => `nats://127.0.0.1:${port}`).join();
const servers = [0, 1, 2].map((i) => [
  ...["-a", "127.0.0.1", "-p", `${ports[i]}`, "-js", "-sd", `store${i}`, "-n", `s${i}`],
  ...["--cluster_name", "c", "--cluster", `nats://127.0.0.1:${ports[i + 3]}`, "--routes", routes],
]);
servers.push(["-a", "127.0.0.1", "-p", `${ports[6]}`, "-js", "-sd", "single"]);
const running = servers.map((args) => spawn("nats-server", args, { stdio: "ignore" }));
process.on("exit", () => running.forEach((server) => server.kill("SIGKILL")));

const clientOf = async (port) => {
  for (;;) {
    try {
      return await connect({ servers: `127.0.0.1:${port}` });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
};
/** In how many of 20 rounds more than one of six publications was stored. */
async function doubled(replicas, at, { fromZero = false, hasId = false } = {}) {
  const clients = await Promise.all(at.map(clientOf));
  const name = `s${fromZero}${hasId}`;
  const config = JSON.stringify({ name, subjects: [`${name}.*`], storage: "file", num_replicas: replicas });
  for (let isMade = false; !isMade;) {
    const answer = await clients[0].request(`$JS.API.STREAM.CREATE.${name}`, config).catch(() => undefined);
    isMade = answer !== undefined && answer.json().error === undefined;
  }
  let rounds = 0;
  for (let round = 0; round < 20; round++) {
    const subject = `${name}.${round}`;
    const expected = fromZero ? 0 : (await clients[0].request(subject, "first")).json().seq;
    const answers = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => {
      const more = headers();
      more.set("Nats-Expected-Last-Subject-Sequence", `${expected}`);
      if (hasId) more.set("Nats-Msg-Id", `${subject} ${expected}`);
      return clients[i % clients.length].request(subject, `${i}`, { headers: more });
    }));
    const stored = answers.map((answer) => answer.json()).filter((answer) => !answer.error && !answer.duplicate);
    if (stored.length > 1) rounds++;
  }
  await Promise.all(clients.map((client) => client.close()));
  return rounds > 0 ? "several are stored" : "one is stored";
}
const cluster = ports.slice(0, 3);
const seen = [
  `a single server: ${await doubled(1, [ports[6], ports[6]])}`,
  `three replicas: ${await doubled(3, cluster)}`,
  `three replicas, no message before: ${await doubled(3, cluster, { fromZero: true })}`,
  `three replicas, with an id: ${await doubled(3, cluster, { hasId: true })}`,
];
console.log(seen.join("\n"));
const expected = [
  "a single server: one is stored",
  "three replicas: several are stored",
  "three replicas, no message before: one is stored",
  "three replicas, with an id: one is stored",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
nats-server --version
node sequences.mjs
