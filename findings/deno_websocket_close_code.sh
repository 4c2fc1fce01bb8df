#!/usr/bin/env bash
# The close event of Deno's WebSocket, as client and by Deno.upgradeWebSocket, if the peer is gone without a close frame.
#
# A guess from RFC 6455 and the WebSocket standard: the code is 1006, and `code === 1006` finds what has to be tried
# again. Bun and undici (Node's) say so. Deno says 0, on both sides, in the oldest and the newest version; with a close
# frame that has no code it says 1005 as all do. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "bun@$bun" undici@7.30.2 ws@8.18.3 >/dev/null
cat >peer.mjs <<'JS'
// Another process, so that each runtime has the same peer: a server, then a client that connects and goes away.
import WebSocket, { WebSocketServer } from "ws";

const leave = (socket, path) => path === "/frame" ? socket.close() : socket.terminate();
if (process.argv[2] === "serve") {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket, { url }) => setTimeout(leave, 50, socket, url));
  server.on("listening", () => console.log(server.address().port));
  process.stdin.resume().on("end", () => process.exit(0));
} else {
  const url = new URL(process.argv[3]);
  const socket = new WebSocket(url);
  socket.on("open", () => setTimeout(leave, 50, socket, url.pathname));
  socket.on("close", () => process.exit(0));
}
JS
cat >codes.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const WebSocket = globalThis.WebSocket ?? (await import("undici")).WebSocket;
const node = process.env.NODE;
const peer = spawn(node, ["peer.mjs", "serve"], { stdio: ["pipe", "pipe", "inherit"] });
const [port] = await once(peer.stdout, "data");
const closed = (socket) => new Promise((resolve) => socket.onclose = ({ code }) => resolve(code));
const codes = [];
for (const path of ["/frame", "/gone"]) {
  codes.push(await closed(new WebSocket(`ws://127.0.0.1:${String(port).trim()}${path}`)));
}
peer.stdin.end();

let leaves;
const serve = {
  Deno: () =>
    Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      closed(socket).then((code) => leaves(code));
      return response;
    }).addr.port,
  Bun: () =>
    Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => server.upgrade(request) ? undefined : new Response(),
      websocket: { message() {}, close: (_, code) => leaves(code) },
    }).port,
};
const runtime = Object.keys(serve).find((name) => name in globalThis);
if (runtime !== undefined) {
  const port = serve[runtime]();
  for (const path of ["/frame", "/gone"]) {
    const left = new Promise((resolve) => leaves = resolve);
    spawn(node, ["peer.mjs", "visit", `ws://127.0.0.1:${port}${path}`], { stdio: "inherit" });
    codes.push(await left);
  }
}
console.log(codes.join(" "));
process.exit(0);
JS
NODE="$(command -v node)"
export NODE
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
echo "client: empty close frame, none; server: empty close frame, none"
check "undici 7.30.2" "1005 1006" "$(node codes.mjs)"
check "bun $bun" "1005 1006 1005 1006" "$(npx bun codes.mjs)"
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  seen="$("deno-$version/node_modules/.bin/deno" run --quiet --no-check -A codes.mjs 2>/dev/null)" || result=1
  check "deno $version" "1005 0 1005 0" "$seen"
done
exit $result
