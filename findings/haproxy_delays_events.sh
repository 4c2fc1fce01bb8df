#!/usr/bin/env bash
# HAProxy 2.6, the version of Debian 12, before a server that sends an event now and then (Server-Sent Events, any answer in pieces).
#
# A guess: what arrives is passed on at once, as HAProxy does not collect answers; WebSockets through it have no delay either. While an
# answer in pieces is not at its end, HAProxy tells the kernel that more follows, and the kernel holds each short piece for 200 ms, in
# case it does. Only if the next one comes earlier, or the answer ends, it leaves before that. Nothing is lost, and nothing tells;
# a typing indicator or a cursor is late by a fifth of a second. `option http-no-delay` ends that. WebSockets are not
# affected. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 >/dev/null
for package in *.deb; do dpkg -x "$package" debian; done
export PATH="$folder/debian/usr/sbin:$PATH" LD_LIBRARY_PATH="$(echo "$folder"/debian/usr/lib/*-linux-gnu)"
cat >delay.mjs <<'JS'
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const EVENTS = 6;
/** Sends the time, six times. */
function sendTimes(send, end) {
  let count = 0;
  const timer = setInterval(() => {
    send(String(Date.now()));
    if (++count < EVENTS) return;
    clearInterval(timer);
    end();
  }, 400);
}
const backend = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  sendTimes((time) => response.write(`data: ${time}\n\n`), () => response.end());
}).on("upgrade", ({ headers }, socket) => {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept.digest("base64")}\r\n\r\n`,
  );
  sendTimes((time) => socket.write(`\x81${String.fromCharCode(time.length)}${time}`, "latin1"), () => socket.end());
});
const listening = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
async function freePort() {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
const direct = await listening(backend);
const [usual, noDelay] = [await freePort(), await freePort()];
const section = (name, port, option) => `listen ${name}\n bind 127.0.0.1:${port}\n ${option}\n server one 127.0.0.1:${direct}\n`;
writeFileSync(
  "haproxy.cfg",
  "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n" +
    section("usual", usual, "") + section("nodelay", noDelay, "option http-no-delay"),
);
const proxy = spawn("haproxy", ["-db", "-q", "-f", "haproxy.cfg"], { stdio: "ignore" });
process.on("exit", () => proxy.kill("SIGKILL"));

/** How many milliseconds after it was written each of the times arrives; the last one comes with the end. */
function delays(port, fields = "") {
  return new Promise((resolve) => {
    const times = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`));
    socket.on("error", () => setTimeout(() => resolve(delays(port, fields)), 50)); // it is starting
    socket.on("data", (piece) => {
      for (const [time] of String(piece).matchAll(/\d{13}/g)) times.push(Date.now() - Number(time));
      if (times.length === EVENTS) resolve((socket.destroy(), times.slice(0, -1)));
    });
  });
}
const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const seen = {
  "events without HAProxy": await delays(direct),
  "events through HAProxy": await delays(usual),
  "events through HAProxy, http-no-delay": await delays(noDelay),
  "WebSocket messages through HAProxy": await delays(usual, upgrade),
};
let result = 0;
for (const [name, times] of Object.entries(seen)) {
  console.log(`${name}: ${times.join(" ")} ms`);
  const middle = times.toSorted((a, b) => a - b)[2];
  if (name === "events through HAProxy" ? middle < 150 || middle > 300 : middle > 100) result = 1;
}
process.exit(result);
JS
haproxy -v | grep version
node delay.mjs
