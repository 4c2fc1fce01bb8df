#!/usr/bin/env bash
# Routers that an app may choose, Hono, h3, Elysia and itty-router, with the same routes and the same valid requests.
#
# A guess: `/users/:id` and `?tag=` mean the same in all, as they look the same. For /users/ren%C3%A9e the parameter is "renée" in Hono and
# Elysia, and "ren%C3%A9e" in h3 and itty-router. Of ?tag=a&tag=b Hono gives the first, Elysia the last, h3 and itty-router both, as an
# array, so that `tag.trim()` fails with the second tag. `%68ealth`, which means the same as `health` (RFC 3986, 6.2.2.2), is found by
# Hono and h3. A slash at the end matters to Hono alone. HEAD, which many health checks send, is 404 in itty-router.
# No two of the four agree in all five. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 hono@4.13.19 h3@2.0.8 elysia@1.4.30 itty-router@5.0.24 >/dev/null
cat >routers.mjs <<'JS'
import { Elysia } from "elysia";
import { getQuery, getRouterParam, H3 } from "h3";
import { Hono } from "hono";
import { AutoRouter } from "itty-router";

const text = (value) => new Response(JSON.stringify(value));
const apps = {
  "hono 4.13.19": new Hono()
    .get("/users/:id", (context) => text(context.req.param("id")))
    .get("/health", (context) => text(context.req.query("tag") ?? "ok")),
  "h3 2.0.8": new H3()
    .get("/users/:id", (event) => text(getRouterParam(event, "id")))
    .get("/health", (event) => text(getQuery(event).tag ?? "ok")),
  "elysia 1.4.30": new Elysia()
    .get("/users/:id", ({ params }) => text(params.id))
    .get("/health", ({ query }) => text(query.tag ?? "ok")),
  "itty-router 5.0.24": AutoRouter()
    .get("/users/:id", ({ params }) => text(params.id))
    .get("/health", ({ query }) => text(query.tag ?? "ok")),
};
const requests = {
  "GET /users/ren%C3%A9e": ['"renée"', '"ren%C3%A9e"', '"renée"', '"ren%C3%A9e"'],
  "GET /health?tag=a&tag=b": ['"a"', '["a","b"]', '"b"', '["a","b"]'],
  "GET /%68ealth": ['"ok"', '"ok"', "404", "404"],
  "GET /health/": ["404", '"ok"', '"ok"', '"ok"'],
  "HEAD /health": ["", "", "", "404"],
};
let result = 0;
for (const [request, expected] of Object.entries(requests)) {
  const [method, path] = request.split(" ");
  const seen = [];
  for (const app of Object.values(apps)) {
    const response = await app.fetch(new Request(`http://localhost${path}`, { method }));
    seen.push(response.ok ? await response.text() : `${response.status}`);
  }
  console.log(`${request}: ${Object.keys(apps).map((name, i) => `${name} ${seen[i] || "200"}`).join(", ")}`);
  if (seen.join() !== expected.join()) result = 1;
}
process.exit(result);
JS
timeout 60 npx node routers.mjs
