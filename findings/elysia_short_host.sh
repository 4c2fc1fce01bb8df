#!/usr/bin/env bash
# Routes of Elysia, and requests to a host whose name is short, as "web", "api" or "app" in a compose file.
#
# A guess: the host does not matter for routes that name none; Hono, h3 and itty-router answer alike for all. Elysia looks for the
# path from the twelfth character of the URL on, so http://web/health is 404, and http://web1/health and http://web:8000/health are 200.
# nginx sends the name of its upstream as the host unless it is told otherwise, so `proxy_pass http://web;` answers 404 to everything.
# With listen() in Bun it is hidden in part: Bun's own router has the routes without a wildcard, and only those with one are 404.
# `new Elysia({ handler: { standardHostname: false } })` mends it.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 elysia@1.4.30 hono@4.13.19 h3@2.0.8 itty-router@5.0.24 >/dev/null
cat >hosts.mjs <<'JS'
import { Elysia } from "elysia";
import { H3 } from "h3";
import { Hono } from "hono";
import { Router } from "itty-router";
import { get } from "node:http";
import process from "node:process";

const hosts = ["web", "web:80", "web1", "web:8000"];
const paths = ["/health", "/users/1", "/files/a"];
const patterns = (rest) => ["/health", "/users/:id", `/files/${rest}`];
const added = (app, rest, handler) => {
  for (const pattern of patterns(rest)) app.get(pattern, handler);
  return app;
};
const apps = {
  elysia: added(new Elysia(), "*", () => "ok"),
  "elysia, standardHostname: false": added(new Elysia({ handler: { standardHostname: false } }), "*", () => "ok"),
  hono: added(new Hono(), "*", (context) => context.text("ok")),
  h3: added(new H3(), "**", () => "ok"),
  "itty-router": added(Router(), "*", () => new Response("ok")),
};
const seen = [];
const note = (line) => seen.push(line) && console.log(line);
for (const [name, app] of Object.entries(apps)) {
  for (const host of hosts) {
    const answers = paths.map(async (path) => (await app.fetch(new Request(`http://${host}${path}`))).status);
    note(`${name}: http://${host} ${(await Promise.all(answers)).join(" ")}`);
  }
}
const status = (port, host, path) =>
  new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", path, headers: { host }, timeout: 10_000 };
    get(options, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
const server = apps.elysia.listen({ port: 0, hostname: "127.0.0.1" }).server;
for (const host of ["web", "web1"]) {
  const answers = await Promise.all(paths.map((path) => status(server.port, host, path)));
  note(`elysia, listen() in bun ${Bun.version}: http://${host} ${answers.join(" ")}`);
}
const good = "200 200 200";
const expected = [
  ...["404 404 404", "404 404 404", good, good].map((answers, i) => `elysia: http://${hosts[i]} ${answers}`),
  ...["elysia, standardHostname: false", "hono", "h3", "itty-router"].flatMap((name) =>
    hosts.map((host) => `${name}: http://${host} ${good}`)
  ),
  "elysia, listen() in bun 1.4.5: http://web 200 200 404",
  `elysia, listen() in bun 1.4.5: http://web1 ${good}`,
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
echo "/health /users/:id /files/* with elysia 1.4.30, hono 4.13.19, h3 2.0.8, itty-router 5.0.24"
timeout 60 npx bun hosts.mjs
