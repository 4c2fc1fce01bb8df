#!/usr/bin/env bash
# The client `centrifuge` from npm, and close frames without a reason.
#
# A guess: the client stays away after the close codes 3500 to 3999, as its protocol says. It looks at the code only
# if the close frame has a reason; without one it comes back. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund centrifuge@5.8.0 ws@8.18.3 >/dev/null
cat >close.mjs <<'JS'
import { Centrifuge } from "centrifuge";
import WebSocket, { WebSocketServer } from "ws";

/** How often the client connects before it stays away, at most twice. */
async function connections(reason) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `ws://127.0.0.1:${server.address().port}`;
  const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 1, maxReconnectDelay: 2 });
  let count = 0;
  await new Promise((resolve) => {
    client.on("disconnected", resolve);
    server.on("connection", (socket) => {
      if (++count === 2) return resolve();
      socket.on("message", () => socket.close(3500, reason));
    });
    client.connect();
  });
  client.disconnect();
  for (const socket of server.clients) socket.terminate();
  server.close();
  return count;
}

const [without, withReason] = [await connections(""), await connections("invalid token")];
console.log(`3500 without a reason: ${without} connections; with one: ${withReason}`);
process.exit(without === 2 && withReason === 1 ? 0 : 1);
JS
node close.mjs
