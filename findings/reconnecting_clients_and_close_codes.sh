#!/usr/bin/env bash
# Packages from npm that keep a WebSocket open, and the close codes with which a server lets its clients go: sockette,
# robust-websocket, reconnecting-websocket, partysocket, websocket-ts.
#
# A guess: they come back unless the code is 1000, and 1001 (going away) is right for a restart, as RFC 6455 says "a server going down".
# sockette stays away for good after 1001, and after a close frame without a code, and so a restart empties the page until somebody
# reloads it. robust-websocket stays away after 1008 and 1011, with which servers end who was too slow or met a fault of theirs.
# The other three come back after everything, 1000 too, so a server cannot send them away by a code. Of the codes for a
# restart, all five come back after 1012 (service restart), 1013, and a connection that just breaks.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ws@8.23.0 sockette@2.0.6 robust-websocket@1.0.0 reconnecting-websocket@4.4.0 \
  partysocket@1.3.0 websocket-ts@2.3.0 >/dev/null
cat >codes.mjs <<'JS'
import { createRequire } from "node:module";
import WebSocket, { WebSocketServer } from "ws";

// What they expect of a page.
globalThis.WebSocket = WebSocket;
globalThis.navigator ??= { onLine: true };
globalThis.addEventListener ??= () => {};
globalThis.removeEventListener ??= () => {};
const require = createRequire(import.meta.url);
const { default: sockette } = await import("sockette");
const RobustWebSocket = require("robust-websocket");
const ReconnectingWebSocket = require("reconnecting-websocket");
const { WebSocket: PartySocket } = await import("partysocket");
const { ConstantBackoff, WebsocketBuilder } = await import("websocket-ts");

const clients = {
  sockette: (url) => sockette(url, { timeout: 50 }),
  "robust-websocket": (url) => new RobustWebSocket(url),
  "reconnecting-websocket": (url) => new ReconnectingWebSocket(url, [], { minReconnectionDelay: 50 }),
  partysocket: (url) => new PartySocket(url, [], { minReconnectionDelay: 50 }),
  "websocket-ts": (url) => new WebsocketBuilder(url).withBackoff(new ConstantBackoff(50)).build(),
};
const codes = ["1000", "1001", "none", "1008", "1011", "1012", "1013", "broken"];
const opened = new Map();
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await new Promise((resolve) => server.once("listening", resolve));
server.on("connection", (socket, { url }) => {
  const count = (opened.get(url) ?? 0) + 1;
  opened.set(url, count);
  if (count > 1) return; // it came back
  const code = url.split("/").pop();
  if (code === "broken") socket.terminate();
  else if (code === "none") socket.close();
  else socket.close(Number(code));
});
for (const [name, open] of Object.entries(clients)) {
  for (const code of codes) open(`ws://127.0.0.1:${server.address().port}/${name}/${code}`);
}
await new Promise((resolve) => setTimeout(resolve, 5_000)); // robust-websocket comes back after a second or so
console.log("sockette 2.0.6, robust-websocket 1.0.0, reconnecting-websocket 4.4.0, partysocket 1.3.0, websocket-ts 2.3.0");
let result = 0;
for (const name of Object.keys(clients)) {
  const away = codes.filter((code) => opened.get(`/${name}/${code}`) === 1).join(" ");
  const back = codes.filter((code) => opened.get(`/${name}/${code}`) > 1).join(" ");
  console.log(`${name} comes back after ${back}; stays away after ${away || "no code"}`);
  const expected = { sockette: "1000 1001 none", "robust-websocket": "1000 1008 1011" }[name] ?? "";
  if (away !== expected || opened.size !== codes.length * 5) result = 1;
}
process.exit(result);
JS
node codes.mjs
