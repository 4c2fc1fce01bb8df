#!/usr/bin/env bash
# The names of channels and the socket ids that the server library `pusher` from npm takes, and the client `pusher-js`.
#
# A guess: a channel's name and a socket id are text that the server chooses; pusher-js takes any. The server library
# refuses a name with a colon, a slash or a space, before any request: "chat:lobby" of a Centrifugo-like server, whose
# namespaces end with a colon, can neither be triggered nor be authorized with it. And a socket id has to be digits, a
# dot and digits: with an UUID in `connection_established` all public channels work, and each private channel fails in
# the application's own authorization endpoint. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pusher@5.3.4 pusher-js@8.6.0 ws@8.18.3 >/dev/null
cat >names.mjs <<'JS'
import { createServer } from "node:http";
import Server from "pusher";
import Client from "pusher-js";
import { WebSocketServer } from "ws";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const uuid = "0a9ba0c8-5e0f-4d43-9b0b-8b0b2f3d1c11";
const subscribed = [];
const http = createServer((_, response) => response.end("{}"));
const server = new WebSocketServer({ server: http });
server.on("connection", (socket) => {
  const data = JSON.stringify({ socket_id: uuid, activity_timeout: 120 });
  socket.send(JSON.stringify({ event: "pusher:connection_established", data }));
  socket.on("message", (message) => subscribed.push(JSON.parse(message).data.channel));
});
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
const { port } = http.address();
const library = new Server({ appId: "1", key: "key", secret: "secret", host: "127.0.0.1", port, useTLS: false });
const client = new Client("key", {
  cluster: "",
  wsHost: "127.0.0.1",
  wsPort: port,
  forceTLS: false,
  enabledTransports: ["ws"],
  channelAuthorization: {
    async customHandler({ socketId, channelName }, callback) {
      await undefined; // as after a request
      try {
        callback(null, library.authorizeChannel(socketId, channelName));
      } catch (error) {
        callback(error, null);
      }
    },
  },
});
const outcome = (action) => Promise.resolve().then(action).then(() => "done", ({ message }) => message);
const names = ["chat.lobby", "chat:lobby", "chat/lobby"];
const seen = [];
for (const name of names) seen.push(`trigger in ${name}: ${await outcome(() => library.trigger(name, "e", {}))}`);
seen.push(`authorize private-a for 12.34: ${await outcome(() => library.authorizeChannel("12.34", "private-a"))}`);

for (const name of names) client.subscribe(name);
const refused = new Promise((resolve) => {
  client.subscribe("private-a").bind("pusher:subscription_error", ({ error }) => resolve(error));
});
seen.push(`client with the socket id ${uuid}, private-a: ${await refused}`);
while (subscribed.length < names.length) await new Promise((resolve) => setTimeout(resolve, 20));
seen.push(`the client's subscriptions that arrived: ${subscribed.join(" ")}`);
console.log(seen.join("\n"));
const expected = [
  "trigger in chat.lobby: done",
  "trigger in chat:lobby: Invalid channel name: 'chat:lobby'",
  "trigger in chat/lobby: Invalid channel name: 'chat/lobby'",
  "authorize private-a for 12.34: done",
  `client with the socket id ${uuid}, private-a: Invalid socket id: '${uuid}'`,
  "the client's subscriptions that arrived: chat.lobby chat:lobby chat/lobby",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
node names.mjs
