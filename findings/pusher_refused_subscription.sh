#!/usr/bin/env bash
# The client `pusher-js` from npm, and a subscription that the server refuses.
#
# A guess: after `pusher:subscription_error` the channel is as before, and the page may subscribe again, perhaps with a newer
# signature. So it is when the page's own authorization fails. When the server sends the event, listeners get it, but
# the channel stays "pending" for the client: subscribe() sends nothing, and neither does unsubscribe() with subscribe()
# after it. The next attempt comes with the next connection. A server that refuses what may be allowed a moment later (a
# limit, a clock, a full store) has to close the connection with 4200 instead, or it keeps the client out for as long
# as the connection lives. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pusher-js@8.6.0 ws@8.18.3 >/dev/null
cat >refused.mjs <<'JS'
import Pusher from "pusher-js";
import { WebSocketServer } from "ws";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await new Promise((resolve) => server.once("listening", resolve));
let commands = 0;
let isRefusing = true;
let latest;
server.on("connection", (socket) => {
  latest = socket;
  const send = (event, data, channel) => socket.send(JSON.stringify({ event, data: JSON.stringify(data), channel }));
  send("pusher:connection_established", { socket_id: "1.1", activity_timeout: 120 });
  socket.on("message", (message) => {
    const { event, data: { channel } } = JSON.parse(message);
    if (event !== "pusher:subscribe") return;
    commands++;
    if (!isRefusing) return send("pusher_internal:subscription_succeeded", {}, channel);
    send("pusher:subscription_error", { type: "LimitReached", error: "too many", status: 429 }, channel);
  });
});

let isAuthorized = false;
const client = new Pusher("key", {
  cluster: "",
  wsHost: "127.0.0.1",
  wsPort: server.address().port,
  forceTLS: false,
  enabledTransports: ["ws"],
  channelAuthorization: {
    customHandler: (_, callback) =>
      isAuthorized ? callback(null, { auth: "key:0" }) : callback(new Error("not yet"), null),
  },
});
/** Subscribes, and tells how many commands have arrived and what the channel is then. */
async function subscribe() {
  const before = commands;
  const channel = client.subscribe("private-a");
  const errors = [];
  channel.bind("pusher:subscription_error", (error) => errors.push(error.status ?? error.error));
  await pause(500);
  channel.unbind();
  return `${commands - before} sent, ${channel.subscribed ? "subscribed" : "out"}${errors.map((error) => `, ${error}`)}`;
}

const rows = [["refused by the page's own authorization", await subscribe()]];
isAuthorized = true;
rows.push(["authorized now, refused by the server", await subscribe()]);
isRefusing = false;
rows.push(["subscribe() again, the server would allow it", await subscribe()]);
client.unsubscribe("private-a");
rows.push(["unsubscribe() and subscribe()", await subscribe()]);
const before = commands;
latest.close(4200);
await pause(1000);
rows.push(["after 4200", `${commands - before} sent, ${client.channel("private-a").subscribed ? "subscribed" : "out"}`]);
for (const row of rows) console.log(row.join(": "));
const expected = ["0 sent, out, not yet", "1 sent, out, 429", "0 sent, out", "0 sent, out", "1 sent, subscribed"];
process.exit(rows.map(([, seen]) => seen).join("\n") === expected.join("\n") ? 0 : 1);
JS
node refused.mjs
