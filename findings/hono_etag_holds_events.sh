#!/usr/bin/env bash
# The middleware `etag` of Hono 4, and a route that streams: streamSSE, streamText, any body that is not whole.
#
# A guess: a stream has no ETag, so it passes as it is; the middleware `compress` leaves event streams alone too. To have a hash, `etag` reads the
# whole body before anything is sent, the head too. So with `app.use(etag())` an event stream that goes on sends nothing at all: EventSource stays
# in "connecting" without an error, the handler runs, and what it sends piles up in memory. One that ends comes all at once at its end. A
# route that streams sets an ETag of its own (any text), or is kept out of the middleware. On Node, Deno and Bun alike.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6
bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund hono@4.13.19 @hono/node-server@2.1.8 node@24.21.0 "bun@$bun" "deno@$deno" >/dev/null
export PATH="$folder/node_modules/.bin:$PATH"
cat >events.mjs <<'JS'
import { Hono } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { streamSSE } from "hono/streaming";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const EVENTS = 5;
/** An app with a stream of five events, one in 300 ms. */
function appWith(...middleware) {
  const app = new Hono();
  app.use(...middleware);
  app.get("/", (context) => {
    if (context.req.query("own") !== undefined) context.header("ETag", '"own"');
    return streamSSE(context, async (stream) => {
      for (let count = 0; count < EVENTS; count++) {
        await stream.writeSSE({ data: String(Date.now()) });
        await stream.sleep(300);
      }
    });
  });
  return app.fetch;
}
/** The port of a server of this runtime. */
async function serve(fetch) {
  const place = { port: 0, hostname: "127.0.0.1" };
  if ("Bun" in globalThis) return Bun.serve({ ...place, fetch }).port;
  if ("Deno" in globalThis) return Deno.serve({ ...place, onListen: () => {} }, fetch).addr.port;
  const node = await import("@hono/node-server");
  return await new Promise((resolve) => node.serve({ ...place, fetch }, ({ port }) => resolve(port)));
}
/** How long the first event was held, in milliseconds. */
async function heldFor(handler, query = "") {
  const response = await fetch(`http://127.0.0.1:${await serve(handler)}/${query}`);
  const { value } = await response.body.getReader().read();
  return Date.now() - Number(/\d{13}/.exec(new TextDecoder().decode(value))[0]);
}
const rows = {
  "compress()": await heldFor(appWith(compress())),
  "etag()": await heldFor(appWith(etag())),
  "etag(), with an ETag of its own": await heldFor(appWith(etag()), "?own"),
};
let result = 0;
for (const [name, time] of Object.entries(rows)) {
  console.log(`  ${name}: the first of five events is held for ${time} ms`);
  if ((time >= 1000) !== (name === "etag()")) result = 1;
}
process.exit(result);
JS
result=0
echo "node $(node --version)"
node events.mjs || result=1
echo "deno $deno"
deno run --quiet --no-check -A events.mjs || result=1
echo "bun $bun"
bun events.mjs || result=1
exit $result
