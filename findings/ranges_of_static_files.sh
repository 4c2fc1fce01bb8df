#!/usr/bin/env bash
# Servers of static files for Node, and valid ranges of a file of ten bytes: `send` (which express.static uses), `sirv`, and
# `serveStatic` of @hono/node-server.
#
# A guess: they agree on `bytes=`, as what it means is old and short. "The last four bytes" (bytes=-4) are the FIRST FIVE for sirv, with a
# Content-Range that says so, so a reader that looks for an index at the end of a file gets its beginning. "The last 500" is the
# whole file if it is shorter (RFC 9110, 14.1.2); `send` refuses that with 416. Two ranges are answered with one of them by sirv,
# and with the whole file and 206 by @hono/node-server, where `send` ignores the field, which is 200. An unknown unit has
# to be ignored; sirv and @hono/node-server answer 206. Only `bytes=0-1` and `bytes=5-` are alike in all three.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund send@1.2.1 sirv@3.0.2 hono@4.13.19 @hono/node-server@2.1.9 >/dev/null
mkdir files
printf 0123456789 >files/ten.txt
cat >ranges.mjs <<'JS'
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { createServer, get } from "node:http";
import send from "send";
import sirv from "sirv";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const listening = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
const files = sirv("files");
const ports = {
  send: await listening(createServer((request, response) => send(request, request.url, { root: "files" }).pipe(response))),
  sirv: await listening(createServer((request, response) => files(request, response))),
  hono: await new Promise((resolve) => {
    const { fetch } = new Hono().use(serveStatic({ root: "./files" }));
    serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  }),
};
const answer = (port, range) =>
  new Promise((resolve) =>
    get({ port, host: "127.0.0.1", path: "/ten.txt", headers: { range } }, async (response) => {
      const body = (await response.toArray()).join("");
      resolve(response.statusCode === 416 ? "416" : `${response.statusCode} ${body}`);
    })
  );

const all = "0123456789";
const expected = {
  "bytes=0-1": ["206 01", "206 01", "206 01"],
  "bytes=5-": ["206 56789", "206 56789", "206 56789"],
  "bytes=-4": ["206 6789", "206 01234", "206 6789"],
  "bytes=-500": ["416", `206 ${all}`, `206 ${all}`],
  "bytes=0-1,4-5": [`200 ${all}`, "206 01", `206 ${all}`],
  "pages=0-1": [`200 ${all}`, "206 01", `206 ${all}`],
};
console.log(`node ${process.version}, send 1.2.1, sirv 3.0.2, @hono/node-server 2.1.9`);
let result = 0;
for (const [range, answers] of Object.entries(expected)) {
  const seen = await Promise.all(Object.values(ports).map((port) => answer(port, range)));
  console.log(`${range}: ${Object.keys(ports).map((name, i) => `${name} ${seen[i]}`).join("; ")}`);
  if (seen.join() !== answers.join()) result = 1;
}
process.exit(result);
JS
node ranges.mjs 2>errors || { cat errors; exit 1; } # send writes what it refuses to standard error
