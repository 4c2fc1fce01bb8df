#!/usr/bin/env bash
# A WebSocket client that offers subprotocols, `new WebSocket(url, ["bearer", token])`, and a server's code that says nothing about them.
#
# A guess: the server's answer has no Sec-WebSocket-Protocol, which RFC 6455 allows, and the socket opens with an empty `protocol`. `ws` and
# Bun.serve answer with the first one that is offered, without being asked to; Deno.upgradeWebSocket answers with none. Where none
# comes, the clients `ws`, undici, Node's own and Bun's fail with 1006, as browsers do: the WebSocket standard has that rule. Deno's
# client opens. So what moves from `ws` or Bun to Deno loses all clients that offer one, and a test with Deno's client passes.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 bun@1.4.5 deno@2.9.6 ws@8.23.0 undici@8.13.1 >/dev/null
cat >chosen.mjs <<'JS'
import { createHash } from "node:crypto";
import { createServer, get } from "node:http";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const [bun, deno] = ["Bun" in globalThis, "Deno" in globalThis];
const name = bun ? `bun ${Bun.version}` : deno ? `deno ${Deno.version.deno}` : `node ${process.version}`;
const clients = { [name]: WebSocket };
const options = { port: 0, hostname: "127.0.0.1" };
let port;
let server = name;
if (bun) {
  const fetch = (request, server) => server.upgrade(request) ? undefined : new Response("");
  port = Bun.serve({ ...options, fetch, websocket: { message() {} } }).port;
} else if (deno) {
  port = Deno.serve({ ...options, onListen() {} }, (request) => Deno.upgradeWebSocket(request).response).addr.port;
} else {
  const ws = await import("ws");
  clients["ws 8.23.0"] = ws.WebSocket;
  clients["undici 8.13.1"] = (await import("undici")).WebSocket;
  server = "ws 8.23.0";
  const listener = new ws.WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => listener.once("listening", resolve));
  port = listener.address().port;
}
const key = "dGhlIHNhbXBsZSBub25jZQ==";
const asked = {
  ...{ connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": key },
  "sec-websocket-protocol": "bearer, abc",
};
const answer = await new Promise((resolve, reject) => {
  const request = get({ host: "127.0.0.1", port, headers: asked });
  request.on("upgrade", ({ headers }, socket) => {
    socket.destroy();
    resolve(headers["sec-websocket-protocol"] ?? "none");
  }).on("error", reject);
});
console.log(`server ${server}: answers ${answer}`);

// A server that answers with none.
const silent = createServer().on("upgrade", ({ headers }, socket) => {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.on("error", () => {}).write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept.digest("base64")}\r\n\r\n`,
  );
});
await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
let result = answer === (deno ? "none" : "bearer") ? 0 : 1;
for (const [client, WebSocket] of Object.entries(clients)) {
  const socket = new WebSocket(`ws://127.0.0.1:${silent.address().port}/`, ["bearer", "abc"]);
  const seen = await new Promise((resolve) => {
    socket.onopen = () => resolve(`opens with "${socket.protocol}"`);
    socket.onclose = ({ code }) => resolve(`fails with ${code}`);
    socket.onerror = () => {};
  });
  console.log(`client ${client}, answered with none: ${seen}`);
  if (seen !== (deno ? 'opens with ""' : "fails with 1006")) result = 1;
}
process.exit(result);
JS
result=0
npx node chosen.mjs || result=1
npx bun chosen.mjs || result=1
npx deno run --quiet --no-check -A chosen.mjs || result=1
exit $result
