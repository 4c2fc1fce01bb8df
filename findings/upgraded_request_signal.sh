#!/usr/bin/env bash
# `request.signal` of a request that becomes a WebSocket, in Bun.serve and in Deno.serve.
#
# A guess: the signal lives as long as what the request became, so it may end what the socket uses: a listener, a query,
# a subscription. So it is in Bun, which aborts it as the socket closes. In Deno the signal is aborted before the socket
# opens, so that what was made with it is over before the first message; with --unstable-no-legacy-abort, whose warning
# is about responses, it is never aborted. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6
bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "deno@$deno" "bun@$bun" ws@8.18.3 >/dev/null
cat >visit.mjs <<'JS'
import WebSocket from "ws";

const socket = new WebSocket(process.argv[2]);
socket.on("open", () => setTimeout(() => socket.send("hello"), 100));
socket.on("message", () => socket.close(1000));
socket.on("close", () => process.exit(0));
JS
cat >signal.mjs <<'JS'
import { spawn } from "node:child_process";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const seen = [];
const watch = ({ signal }) => signal.addEventListener("abort", () => seen.push("abort"));
const answer = (socket) => {
  seen.push("message");
  socket.send("bye");
};
let closed;
const ended = new Promise((resolve) => closed = resolve);
let port;
if ("Bun" in globalThis) {
  port = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, server) {
      watch(request);
      return server.upgrade(request) ? undefined : new Response();
    },
    websocket: { open: () => seen.push("open"), message: answer, close: () => closed(seen.push("close")) },
  }).port;
} else {
  port = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    watch(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => seen.push("open");
    socket.onmessage = () => answer(socket);
    socket.onclose = () => closed(seen.push("close"));
    return response;
  }).addr.port;
}
spawn(process.env.NODE, ["visit.mjs", `ws://127.0.0.1:${port}/`], { stdio: "inherit" });
await ended;
await new Promise((resolve) => setTimeout(resolve, 300));
console.log(seen.join(" "));
process.exit(0);
JS
NODE="$(command -v node)"
export NODE
in_bun="$(npx bun signal.mjs)"
in_deno="$(npx deno run --quiet --no-check -A signal.mjs 2>/dev/null)"
in_new="$(npx deno run --quiet --no-check --unstable-no-legacy-abort -A signal.mjs 2>/dev/null)"
printf 'bun %s: %s\ndeno %s: %s\n' "$bun" "$in_bun" "$deno" "$in_deno"
printf 'deno %s --unstable-no-legacy-abort: %s\n' "$deno" "$in_new"
[ "$in_bun" = "open message abort close" ] && [ "$in_deno" = "abort open message close" ] &&
  [ "$in_new" = "open message close" ]
