#!/usr/bin/env bash
# The object that stands for a WebSocket in the handlers of Hono 4 (on Node, Deno and Bun), Elysia 1.4 and crossws 0.4 (which h3 and Nitro use).
#
# A guess: it stands for the connection, so a handler puts it into a Set when it opens, and takes it out when it closes. So it is with crossws, and with
# Hono on Node and Deno. With Hono on Bun, and with Elysia, each event has an object of its own: delete() finds nothing, so the Set grows with each
# connection that ever was, and a Map by it has no value in the handler of messages. With Hono on Bun, `readyState` of the object that was
# kept says 1 (open) for ever, so that cannot be asked instead. `ws.raw` is the same in all events of both.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6
bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund hono@4.13.19 @hono/node-server@2.1.8 elysia@1.4.30 crossws@0.4.17 srvx@1.0.8 ws@8.23.0 \
  node@24.21.0 "bun@$bun" "deno@$deno" >/dev/null
export PATH="$folder/node_modules/.bin:$PATH"
cat >object.mjs <<'JS'
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const framework = process.argv[2];
const runtime = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
const clients = new Set(), raws = new Set();
let kept, isKnown, isRawKnown, closed;
const end = new Promise((resolve) => closed = resolve);
const rawOf = (ws) => framework === "crossws" ? ws.websocket : ws.raw;
function opens(ws) {
  kept = ws;
  clients.add(ws);
  raws.add(rawOf(ws));
}
function hears(ws) {
  isKnown = clients.has(ws);
  isRawKnown = raws.has(rawOf(ws));
  ws.close(1000);
}
function closes(ws) {
  clients.delete(ws);
  setTimeout(closed, 200);
}
const place = { port: 0, hostname: "127.0.0.1" };
/** The port of a server of the framework. */
async function start() {
  if (framework === "elysia") {
    const { Elysia } = await import("elysia");
    return new Elysia().ws("/", { open: opens, message: hears, close: closes }).listen(place).server.port;
  }
  if (framework === "crossws") {
    const { serve } = await import("crossws/server");
    const websocket = { open: opens, message: hears, close: closes };
    const server = serve({ ...place, silent: true, fetch: () => new Response(), websocket });
    await server.ready();
    return new URL(server.url).port;
  }
  const { Hono } = await import("hono");
  const { upgradeWebSocket, websocket, serve } = await import(
    runtime === "node" ? "@hono/node-server" : `hono/${runtime}`
  );
  const handlers = {
    onOpen: (_, ws) => opens(ws),
    onMessage: (_, ws) => hears(ws),
    onClose: (_, ws) => closes(ws),
  };
  const { fetch } = new Hono().get("/", upgradeWebSocket(() => handlers));
  if (runtime === "bun") return Bun.serve({ ...place, fetch, websocket }).port;
  if (runtime === "deno") return Deno.serve({ ...place, onListen: () => {} }, fetch).addr.port;
  const { WebSocketServer } = await import("ws");
  const options = { ...place, fetch, websocket: { server: new WebSocketServer({ noServer: true }) } };
  return await new Promise((resolve) => serve(options, ({ port }) => resolve(port)));
}
const client = new WebSocket(`ws://127.0.0.1:${await start()}/`);
client.onopen = () => setTimeout(() => client.send("hello"), 100);
await end;
const state = framework === "crossws" ? kept.websocket.readyState : kept.readyState;
const seen = `object known: ${isKnown ? "yes" : "no"}, raw known: ${isRawKnown ? "yes" : "no"}; ` +
  `after close, left in the Set: ${clients.size}, readyState ${state}`;
console.log(`${framework} on ${runtime}: ${seen}`);
const same = "object known: yes, raw known: yes; after close, left in the Set: 0, readyState 3";
const expected = {
  "hono bun": "object known: no, raw known: yes; after close, left in the Set: 1, readyState 1",
  "elysia bun": "object known: no, raw known: yes; after close, left in the Set: 1, readyState 3",
};
process.exit(seen === (expected[`${framework} ${runtime}`] ?? same) ? 0 : 1);
JS
result=0
echo "node $(node --version), deno $deno, bun $bun"
node object.mjs hono || result=1
deno run --quiet --no-check -A object.mjs hono || result=1
for framework in hono elysia crossws; do bun object.mjs "$framework" || result=1; done
exit $result
