#!/usr/bin/env bash
# The package `undici` from npm, installed, in a program that runs in Bun.
#
# A guess: `import { … } from "undici"` loads the version of the lock file, as in Node and Deno. Bun has a module of that name of its own
# and loads it whatever is installed: fetch() there is Bun's, and a `dispatcher` is taken and ignored, as is setGlobalDispatcher(). So a request to a
# Unix socket goes to TCP, a proxy is passed by, `headersTimeout` never ends a wait, a RetryAgent does not retry, and more connections
# are opened than an Agent allows; no error tells, and package.json says otherwise. Only what the module lacks (compose(),
# the methods of MockAgent) throws. Bun's own options (`unix`, `proxy`) do what a part of them does. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

bun=1.4.5
deno=2.9.6

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund undici@8.13.1 node@24.21.0 "bun@$bun" "deno@$deno" >/dev/null
cat >dispatchers.mjs <<'JS'
import { createServer } from "node:http";
import process from "node:process";
import { Agent, fetch, ProxyAgent, request, RetryAgent, setGlobalDispatcher } from "undici";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const listen = async (place, handler) => {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(place, resolve));
  return server;
};
const tcp = { port: 0, host: "127.0.0.1" };
const urlOf = (server) => `http://127.0.0.1:${server.address().port}/`;
const plain = urlOf(await listen(tcp, (_, response) => response.end("TCP")));
const path = `${process.pid}.sock`;
await listen({ path }, (_, response) => response.end("the Unix socket"));
const proxy = urlOf(await listen(tcp, (_, response) => response.end("the proxy")).then((server) => {
  server.on("connect", (_, socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nthe proxy"));
  return server;
}));
const slow = urlOf(await listen(tcp, (_, response) => setTimeout(() => response.end("an answer"), 3000)));
let tries = 0;
const flaky = urlOf(await listen(tcp, (_, response) => {
  response.statusCode = ++tries < 3 ? 503 : 200;
  response.end();
}));
let present = 0, most = 0;
const busy = urlOf(await listen(tcp, (_, response) => {
  most = Math.max(most, ++present);
  setTimeout(() => (present--, response.end()), 200);
}));
const text = async (url, dispatcher) => await (await fetch(url, { dispatcher })).text();

const toSocket = new Agent({ connect: { socketPath: path } });
const seen = [];
seen.push(`fetch to a Unix socket: ${await text(plain, toSocket)}`);
seen.push(`request() to a Unix socket: ${await (await request(plain, { dispatcher: toSocket })).body.text()}`);
setGlobalDispatcher(toSocket);
seen.push(`by setGlobalDispatcher(): ${await text(plain)}`);
setGlobalDispatcher(new Agent());
seen.push(`ProxyAgent: ${await text(plain, new ProxyAgent(proxy))}`);
const late = await text(slow, new Agent({ headersTimeout: 500 })).catch(() => "an error");
seen.push(`headersTimeout of 500 ms, an answer after 3 s: ${late}`);
seen.push(`RetryAgent, 503 twice: ${(await fetch(flaky, { dispatcher: new RetryAgent(new Agent(), { minTimeout: 10 }) })).status}`);
const one = new Agent({ connections: 1 });
await Promise.all(Array.from({ length: 5 }, () => text(busy, one)));
seen.push(`five requests, one connection allowed: ${most} at a time`);
console.log(seen.map((line) => `  ${line}`).join("\n"));
const expected = "Bun" in globalThis
  ? ["TCP", "TCP", "TCP", "TCP", "an answer", "503", "5 at a time"]
  : ["the Unix socket", "the Unix socket", "the Unix socket", "the proxy", "an error", "200", "1 at a time"];
process.exit(seen.every((line, i) => line.endsWith(`: ${expected[i]}`)) ? 0 : 1);
JS
result=0
echo "node $(npx node --version)"
npx node dispatchers.mjs || result=1
echo "deno $deno"
npx deno run --quiet --no-check -A dispatchers.mjs || result=1
echo "bun $bun"
npx bun dispatchers.mjs || result=1
exit $result
