#!/usr/bin/env bash
# A handler that passes the answer of a fetch on, `return fetch(backend)`, when the backend compresses: Bun.serve, Deno.serve, and
# on Node @hono/node-server and srvx.
#
# A guess: it works, since Request and Response are made for that; the body comes as it was, or is decoded and the fields say so. fetch
# decodes the body, and in most of them the fields go on saying `Content-Encoding: gzip`: Bun sends a right length with it, the two
# servers on Node the length of the compressed bytes. Each client that honours the fields fails. Deno.serve leaves both fields out; but with
# a copy, `new Response(answer.body, answer)`, it sends them, too, and cuts the body at the compressed length. Without
# compression all eight work, so a test with a backend on the desk passes. The helper `proxy` of Hono takes the fields away.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 bun@1.4.5 deno@2.9.6 hono@4.13.19 @hono/node-server@2.1.9 \
  srvx@1.0.8 >/dev/null
cat >gateway.mjs <<'JS'
import { proxy } from "hono/proxy";
import { createServer, get } from "node:http";
import process from "node:process";
import { gzipSync } from "node:zlib";

const text = "hello ".repeat(100);
setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const backend = createServer((request, response) => {
  const compressed = request.url === "/gzip";
  const bytes = compressed ? gzipSync(text) : text;
  response.writeHead(200, { "content-length": bytes.length, ...compressed && { "content-encoding": "gzip" } }).end(bytes);
});
await new Promise((resolve) => backend.listen(0, "127.0.0.1", resolve));
const address = (path) => `http://127.0.0.1:${backend.address().port}${path}`;
const ways = {
  returned: (path) => fetch(address(path)),
  copied: async (path) => {
    const answer = await fetch(address(path));
    return new Response(answer.body, answer);
  },
  "hono/proxy": (path) => proxy(address(path)),
};
const handler = (way) => (request) => ways[way](new URL(request.url).pathname);
const options = { port: 0, hostname: "127.0.0.1" };
const servers = "Bun" in globalThis
  ? { [`bun ${Bun.version}`]: (fetch) => Bun.serve({ ...options, fetch }).port }
  : "Deno" in globalThis
  ? { [`deno ${Deno.version.deno}`]: (fetch) => Deno.serve({ ...options, onListen() {} }, fetch).addr.port }
  : {
    "@hono/node-server 2.1.9": async (fetch) => {
      const { serve } = await import("@hono/node-server");
      return new Promise((resolve) => serve({ ...options, fetch }, ({ port }) => resolve(port)));
    },
    "srvx 1.0.8": async (fetch) => {
      const { serve } = await import("srvx");
      return new URL((await serve({ ...options, fetch, silent: true }).ready()).url).port;
    },
  };

/** What a client of the gateway has: the text, with or without a field that says it is compressed, or less than the text. */
function seen(port, path) {
  return new Promise((resolve) => {
    const request = get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      const label = response.headers["content-encoding"];
      let body = "";
      response.setEncoding("latin1").on("data", (piece) => body += piece).on("error", () => resolve(cut));
      response.on("end", () => resolve(body !== text ? cut : label === undefined ? good : mislabelled));
    });
    request.on("error", () => resolve(cut)); // more bytes than the length says
  });
}

const good = "the text";
const mislabelled = "the text, with `Content-Encoding: gzip`";
const cut = "the length of the compressed bytes, and not the text";
const expected = {
  bun: { returned: mislabelled, copied: mislabelled },
  deno: { copied: cut },
  "@hono/node-server": { returned: cut, copied: cut },
  srvx: { returned: cut, copied: cut },
};
let result = 0;
for (const [name, start] of Object.entries(servers)) {
  for (const way of Object.keys(ways)) {
    const port = await start(handler(way));
    for (const path of ["/plain", "/gzip"]) {
      const got = await seen(port, path);
      console.log(`${name}, ${way}, backend ${path.slice(1)}: ${got}`);
      const wanted = path === "/gzip" && expected[name.split(" ")[0]][way];
      if (got !== (wanted || good)) result = 1;
    }
  }
}
process.exit(result);
JS
result=0
npx node gateway.mjs || result=1
npx bun gateway.mjs || result=1
npx deno run --quiet --no-check -A gateway.mjs || result=1
exit $result
