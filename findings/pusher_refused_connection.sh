#!/usr/bin/env bash
# The client `pusher-js` from npm, whose server is restarted and does not listen yet when the client comes back.
#
# A guess: after a refused connection it tries again about a second later, as it does after a broken one, and then less often. It waits
# for 15 seconds (then for 30, then for 60). Exits 0 if the first of these pauses is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pusher-js@8.6.0 ws@8.18.3 >/dev/null
cat >restart.mjs <<'JS'
import { once } from "node:events";
import Pusher from "pusher-js";
import { WebSocketServer } from "ws";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
async function listen(port) {
  const server = new WebSocketServer({ port, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    const data = JSON.stringify({ socket_id: "1.1", activity_timeout: 120 });
    socket.send(JSON.stringify({ event: "pusher:connection_established", data }));
  });
  await once(server, "listening");
  return server;
}

let server = await listen(0);
const { port } = server.address();
const client = new Pusher("key", {
  cluster: "",
  wsHost: "127.0.0.1",
  wsPort: port,
  forceTLS: false,
  enabledTransports: ["ws"],
});
const connected = () => new Promise((resolve) => client.connection.bind("connected", resolve));
await connected();
const begin = performance.now();
server.close();
for (const socket of server.clients) socket.terminate();
// Two seconds later it serves again: meanwhile the client has tried once.
await new Promise((resolve) => setTimeout(resolve, 2_000));
server = await listen(port);
await connected();
const seconds = Math.round((performance.now() - begin) / 1000);
console.log(`pusher-js 8.6.0: a server that was away for 2 s is connected again after ${seconds} s`);
process.exit(seconds >= 15 && seconds <= 18 ? 0 : 1);
JS
node restart.mjs
