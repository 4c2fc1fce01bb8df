#!/usr/bin/env bash
# Bun.serve: `ws.close(code)` in a handler, and the handler `close`.
#
# A guess from the WebSocket API and from `ws`: close() begins the closing handshake, and the close event comes in a later
# turn, with the code that the peer answers. In Bun the handler `close` runs within the call of ws.close(), before it
# returns, with the code that was given, whatever the peer does; in it ws.remoteAddress is undefined already. Code behind
# ws.close() in the same handler finds what the close handler has removed. In Deno and in `ws` it is as guessed.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6
bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ws@8.18.3 "deno@$deno" "bun@$bun" >/dev/null
cat >close.mjs <<'JS'
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const seen = [];
let closed;
const end = new Promise((resolve) => closed = resolve);
/** What the server does with a message, and with the close event. */
function onMessage(socket) {
  socket.close(4000, "bye");
  seen.push("after close()");
}
function onClose(code, address) {
  seen.push(`close handler, ${code}, ${address}`);
  closed();
}

/** Starts the server, and returns its port. */
async function start() {
  if ("Bun" in globalThis) {
    const fetch = (request, server) => server.upgrade(request) ? undefined : new Response();
    const websocket = { message: onMessage, close: (socket, code) => onClose(code, `address ${socket.remoteAddress}`) };
    return Bun.serve({ port: 0, hostname: "127.0.0.1", fetch, websocket }).port;
  }
  if ("Deno" in globalThis) {
    return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request, { remoteAddr }) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = () => onMessage(socket);
      socket.onclose = ({ code }) => onClose(code, `address ${remoteAddr.hostname}`);
      return response;
    }).addr.port;
  }
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket, request) => {
    const address = `address ${request.socket.remoteAddress}`;
    socket.on("message", () => onMessage(socket));
    socket.on("close", (code) => onClose(code, address));
  });
  await new Promise((resolve) => server.on("listening", resolve));
  return server.address().port;
}
const { WebSocket } = await import("ws");
const client = new WebSocket(`ws://127.0.0.1:${await start()}/`);
client.on("open", () => client.send("hello"));
await end;
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(seen.join("; "));
process.exit(0);
JS
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
later="after close(); close handler, 4000, address 127.0.0.1"
check "ws 8.18.3" "$later" "$(node close.mjs)"
check "deno $deno" "$later" "$(npx deno run --quiet --no-check -A close.mjs)"
check "bun $bun" "close handler, 4000, address undefined; after close()" "$(npx bun close.mjs)"
exit $result
