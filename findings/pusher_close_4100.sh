#!/usr/bin/env bash
# The client `pusher-js` from npm, and a close with a code of 4100 to 4199 ("come back after a pause").
#
# A guess: the state leaves "connected" as the socket closes, and the pause is spent in "connecting" or
# "unavailable". The client stays "connected", and its channels subscribed, for the whole second of the pause; only
# trigger(), which returns false, tells that nothing is sent. After 4200 the state changes at once. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pusher-js@8.6.0 ws@8.18.3 >/dev/null
cat >pause.mjs <<'JS'
import Pusher from "pusher-js";
import { WebSocketServer } from "ws";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
/** What the client says 500 ms after its socket closed with this code, and whether it has connected anew. */
async function afterClose(code) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  let connections = 0;
  const closed = new Promise((resolve) =>
    server.on("connection", (socket) => {
      const id = ++connections;
      const send = (event, data, channel) => socket.send(JSON.stringify({ event, data: JSON.stringify(data), channel }));
      send("pusher:connection_established", { socket_id: `1.${id}`, activity_timeout: 120 });
      socket.on("message", (message) => {
        const { event, data } = JSON.parse(message);
        if (event !== "pusher:subscribe") return;
        send("pusher_internal:subscription_succeeded", {}, data.channel);
        if (id === 1) setTimeout(() => socket.close(code, "pause"), 50);
      });
      socket.on("close", resolve);
    })
  );
  const client = new Pusher("key", {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: server.address().port,
    forceTLS: false,
    enabledTransports: ["ws"],
  });
  const channel = client.subscribe("room");
  await closed;
  await new Promise((resolve) => setTimeout(resolve, 500));
  const seen = [client.connection.state, channel.subscribed, channel.trigger("client-typing", {}), connections];
  client.disconnect();
  for (const socket of server.clients) socket.terminate();
  server.close();
  return seen.join(", ");
}

const paused = await afterClose(4100);
const atOnce = await afterClose(4200);
console.log(`500 ms after the close: state, subscribed, trigger(), connections\n4100: ${paused}\n4200: ${atOnce}`);
process.exit(paused === "connected, true, false, 1" && atOnce === "connected, true, true, 2" ? 0 : 1);
JS
node pause.mjs
