#!/usr/bin/env bash
# Bun.serve, and a client that sends its next request before the first is answered (HTTP/1.1 pipelining), as undici does with its
# options `pipelining` and `blocking: false`.
#
# A guess: the answers come in the order of the requests, as from Node and Deno; at worst the second waits. In Bun that depends on how long
# the handler takes. One that answers at once, or after a promise that is already settled, is fine. If it waits for a timer, a file or a
# database, the second request closes the connection: the first one fails in the client, though its handler runs to its end, and
# the second never reaches a handler (undici sends that one again). A stream that is under way is cut off. So a load test with
# pipelining passes with a constant answer, and the same program fails with a database. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 node@24.21.0 undici@8.13.1 hono@4.13.19 \
  @hono/node-server@2.1.9 >/dev/null
cat >server.mjs <<'JS'
import process from "node:process";

const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const bytes = (text) => new TextEncoder().encode(text);
const ways = {
  "/at-once": () => new Response("done"),
  "/settled": async () => (await null, new Response("done")),
  "/later": async () => (await pause(), new Response("done")),
  "/stream": () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(bytes("do"));
          await pause();
          controller.enqueue(bytes("ne"));
          controller.close();
        },
      }),
    ),
};
let handled = 0;
function fetch(request) {
  const { pathname } = new URL(request.url);
  if (pathname === "/handled") return new Response(`${handled}`);
  handled++;
  return ways[pathname]();
}
const options = { port: 0, hostname: "127.0.0.1" };
const told = ({ port }) => console.log(port);
if ("Bun" in globalThis) told(Bun.serve({ ...options, fetch }));
else if ("Deno" in globalThis) Deno.serve({ ...options, onListen: told }, fetch);
else (await import("@hono/node-server")).serve({ ...options, fetch }, told);
setTimeout(() => process.exit(2), 60_000); // if it is not ended
JS
cat >client.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Client } from "undici";

setTimeout(() => process.exit(2), 90_000); // if something of this has changed
const [bun, deno] = ["node_modules/.bin/bun", "node_modules/.bin/deno"];
const servers = {
  "node 24.21.0": [process.execPath, "server.mjs"],
  "deno 2.9.6": [deno, "run", "--quiet", "--no-check", "-A", "server.mjs"],
  "bun 1.4.5": [bun, "server.mjs"],
};
const cut = "UND_ERR_SOCKET done";
let result = 0;
for (const [name, [program, ...args]] of Object.entries(servers)) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  const [port] = await once(child.stdout, "data");
  const address = `http://127.0.0.1:${Number(port)}`;
  let before = 0;
  for (const path of ["/at-once", "/settled", "/later", "/stream"]) {
    const client = new Client(address, { pipelining: 2 });
    const ask = async () => (await client.request({ method: "GET", path, blocking: false })).body.text();
    const answers = await Promise.allSettled([ask(), ask()]);
    const seen = answers.map(({ value, reason }) => value ?? reason.code).join(" ");
    await client.destroy();
    const handled = Number(await (await fetch(`${address}/handled`)).text());
    console.log(`${name}, ${path} twice: ${seen}; handled ${handled - before}`);
    const isCut = name.startsWith("bun") && (path === "/later" || path === "/stream");
    if (seen !== (isCut ? cut : "done done") || handled - before !== 2) result = 1;
    before = handled;
  }
  child.kill();
  await once(child, "close");
}
process.exit(result);
JS
npx node client.mjs
