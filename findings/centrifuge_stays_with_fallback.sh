#!/usr/bin/env bash
# The client `centrifuge` from npm with several transports, WebSocket first, and a page that is opened while the server restarts.
#
# A guess: the later transports are for networks that let no WebSocket through; a client that had to use one tries WebSocket first again when
# it connects anew. Until its first success it goes on to the next transport after each failure, a refused connection too; the one
# that is in turn when the server is back is kept for the life of the client, over lost connections, restarts and disconnect() with
# connect(). So of the pages that are opened during a restart a part stays with HTTP streams, where each command is a request of its own, until
# somebody reloads them; nothing tells but the event "connected". Who was connected before keeps WebSocket. A new client
# (`new Centrifuge`) tries it first again. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund centrifuge@5.8.0 ws@8.23.0 >/dev/null
cat >transports.mjs <<'JS'
import { Centrifuge } from "centrifuge";
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const connect = { client: "client", version: "1", ping: 25, pong: true, session: "session", node: "node" };
/** The answer to the command that lets a client in. */
const answer = (command) => JSON.stringify({ id: JSON.parse(command).id, connect });
/** A server of both transports that lets everybody in; gives the function that stops it. */
async function start(port) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    response.write(`${answer(body)}\n`);
  });
  const webSockets = new WebSocketServer({ server });
  webSockets.on("connection", (socket) => socket.once("message", (command) => socket.send(answer(command))));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const stop = () => {
    for (const socket of webSockets.clients) socket.terminate();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: server.address().port, stop };
}
/** A client that tries to connect, and the transports by which it did. */
function open(port) {
  const transports = [
    { transport: "websocket", endpoint: `ws://127.0.0.1:${port}/websocket` },
    { transport: "http_stream", endpoint: `http://127.0.0.1:${port}/http_stream` },
  ];
  const client = new Centrifuge(transports, { websocket: WebSocket, minReconnectDelay: 500, maxReconnectDelay: 1000 });
  const used = [];
  client.on("connected", ({ transport }) => used.push(transport));
  client.connect();
  return { client, used };
}

let server = await start(0);
const { port } = server;
const early = open(port);
await early.client.ready();
await server.stop();

const late = open(port); // while the server is away
let failures = 0;
await new Promise((resolve) => {
  late.client.on("error", ({ transport }) => ++failures >= 3 && transport === "websocket" && resolve());
});
server = await start(port);
await Promise.all([early.client.ready(), late.client.ready()]);
for (let count = 0; count < 2; count++) {
  const lost = Promise.all([early, late].map(({ client }) => new Promise((resolve) => client.once("connecting", resolve))));
  await server.stop();
  await lost;
  server = await start(port);
  await Promise.all([early.client.ready(), late.client.ready()]);
}
late.client.disconnect();
late.client.connect();
await late.client.ready();
const fresh = open(port);
await fresh.client.ready();

const seen = [
  `connected before the restart: ${early.used.join(", ")}`,
  `opened during the restart: ${late.used.join(", ")}`,
  `opened after it: ${fresh.used.join(", ")}`,
];
console.log(seen.join("\n"));
const expected = [
  "connected before the restart: websocket, websocket, websocket, websocket",
  "opened during the restart: http_stream, http_stream, http_stream, http_stream",
  "opened after it: websocket",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
echo "node $(node --version)"
node transports.mjs
