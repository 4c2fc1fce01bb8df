#!/usr/bin/env bash
# The package `http-proxy` from npm before a server of streams (Server-Sent Events), and a client that leaves.
#
# A guess: the proxy ends its request to the server when the client has gone, as nginx does, and as http-proxy has code for. That code waits
# for an event that Node no longer sends for a request that was read to its end. So the stream to the server stays open, and the
# proxy reads it for nobody until the server ends it: each reload of a page leaves one more, those who are present do not become
# fewer, and limits of connections fill up. http-proxy-middleware 2, which webpack-dev-server 5 has, does the same. Its
# version 4, httpxy and http-proxy-3 end the request. Node 20 and 24 alike. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 http-proxy@1.18.1 http-proxy-middleware@4.2.2 \
  http-proxy-middleware-2@npm:http-proxy-middleware@2.0.12 http-proxy-3@1.23.3 httpxy@0.5.6 >/dev/null
cat >leave.mjs <<'JS'
import httpProxy from "http-proxy";
import { createProxyServer as createRewrite } from "http-proxy-3";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createProxyMiddleware as createProxyMiddleware2 } from "http-proxy-middleware-2";
import { createProxyServer as createHttpxy } from "httpxy";
import { createServer, get } from "node:http";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const listening = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
let open = 0;
const backend = createServer((_request, response) => {
  open++;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: hello\n\n");
  const timer = setInterval(() => response.write(":\n"), 100);
  response.on("close", () => open-- && clearInterval(timer));
});
const target = `http://127.0.0.1:${await listening(backend)}`;
const quiet = (proxy) => (...parts) => proxy.on("error", () => {}).web(...parts);
const proxies = {
  "http-proxy 1.18.1": quiet(httpProxy.createProxyServer({ target })),
  "http-proxy-middleware 2.0.12": createProxyMiddleware2({ target }),
  "http-proxy-middleware 4.2.2": createProxyMiddleware({ target }),
  "http-proxy-3 1.23.3": quiet(createRewrite({ target })),
  "httpxy 0.5.6": quiet(createHttpxy({ target })),
};
let result = 0;
for (const [name, forward] of Object.entries(proxies)) {
  const proxy = createServer((request, response) => forward(request, response, () => {}));
  const port = await listening(proxy);
  for (let i = 0; i < 3; i++) {
    const request = get({ port, host: "127.0.0.1", agent: false });
    await new Promise((resolve) => request.on("response", (response) => response.once("data", resolve).on("error", () => {})));
    request.destroy();
  }
  await pause(1_000);
  console.log(`${name}: 3 clients have come and gone, the server has ${open} streams open`);
  const expected = ["http-proxy 1.18.1", "http-proxy-middleware 2.0.12"].includes(name) ? 3 : 0;
  if (open !== expected) result = 1;
  backend.closeAllConnections();
  while (open > 0) await pause(10);
}
process.exit(result);
JS
for node in node "npx node"; do
  $node --version
  $node --no-deprecation leave.mjs 2>errors || { cat errors; exit 1; }
done
