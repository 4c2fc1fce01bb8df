#!/usr/bin/env bash
# The client `centrifuge` from npm, and a handler of the application that throws.
#
# A guess: an exception in a "publication" handler is reported, and the client goes on, as an EventTarget does, or at
# worst it reconnects. The client disconnects for good: code 2, no further connection, the later publications are
# lost to the page, while its subscription still says "subscribing". The next connect() has to be the application's.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund centrifuge@5.8.0 ws@8.18.3 >/dev/null
cat >throws.mjs <<'JS'
import { Centrifuge } from "centrifuge";
import WebSocket, { WebSocketServer } from "ws";

const replies = {
  connect: () => ({ client: "c", version: "1", ping: 25, pong: true }),
  subscribe: () => ({ recoverable: true, epoch: "e", offset: 0 }),
};
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await new Promise((resolve) => server.once("listening", resolve));
let connections = 0;
server.on("connection", (socket) => {
  connections++;
  const send = (value) => socket.send(JSON.stringify(value));
  socket.on("message", (message) => {
    for (const { id, ...command } of String(message).split("\n").map((line) => JSON.parse(line))) {
      const [name] = Object.keys(command);
      send({ id, [name]: replies[name]() });
      if (name !== "subscribe") continue;
      for (const offset of [1, 2]) send({ push: { channel: "news", pub: { offset, data: { offset } } } });
    }
  });
});

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const unhandled = [];
process.on("unhandledRejection", (error) => unhandled.push(error.message));
const client = new Centrifuge(`ws://127.0.0.1:${server.address().port}`, {
  websocket: WebSocket,
  minReconnectDelay: 1,
  maxReconnectDelay: 5,
});
const subscription = client.newSubscription("news");
const received = [];
const disconnected = new Promise((resolve) => client.on("disconnected", resolve));
subscription.on("publication", ({ data }) => {
  received.push(data.offset);
  if (data.offset === 1) throw new Error("a fault of the page");
});
subscription.subscribe();
client.connect();
const { code } = await disconnected;
await new Promise((resolve) => setTimeout(resolve, 1000));

console.log(`received ${received}, disconnected with ${code}, ${connections} connection in all`);
console.log(`client ${client.state}, subscription ${subscription.state}, unhandled rejection: ${unhandled}`);
const seen = [`${received}`, code, connections, client.state, subscription.state, unhandled.length].join(" ");
process.exit(seen === "1 2 1 disconnected subscribing 1" ? 0 : 1);
JS
node throws.mjs
