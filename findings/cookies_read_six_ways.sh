#!/usr/bin/env bash
# One Cookie field, read by `cookie` 2, h3, Hono, Elysia, the CookieMap of Bun and getCookies of undici.
#
# A guess: they agree on what browsers send every day, and differ in exotic things at most. None of four ordinary values is read alike
# by all. A name that is there twice (a cookie for /app and one for /; browsers send the more specific path first) is the second
# one for undici, the first for the others. Quotes around a value are part of it, but not for Hono. A percent sign that is
# no UTF-8, as in x%E4, stays for four of them, is U+FFFD in Bun, and null in Elysia: the text is lost. And JSON, which scripts put into
# document.cookie, is a text for four, an object in Elysia, and for Hono the cookie is not there. So a session that moves from one
# framework to another, or is read by two of them, may be lost or be another one. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 bun@1.4.5 cookie@2.0.2 h3@2.0.8 hono@4.13.19 elysia@1.4.30 \
  undici@8.13.1 >/dev/null
cat >cookies.mjs <<'JS'
import process from "node:process";

const fields = ["sid=app; sid=root", 'sid="a"', "sid=x%E4", 'sid={"id":1}'];
const readers = {};
if ("Bun" in globalThis) {
  const { Elysia } = await import("elysia");
  const app = new Elysia().get("/", ({ cookie }) => JSON.stringify({ value: cookie.sid.value }));
  readers[`bun ${Bun.version}`] = (field) => new Bun.CookieMap(field).get("sid");
  readers["elysia 1.4.30"] = async (cookie) => {
    const response = await app.handle(new Request("http://localhost/", { headers: { cookie } }));
    return (await response.json()).value;
  };
} else {
  const { parseCookie } = await import("cookie");
  const { parseCookies } = await import("h3");
  const { Hono } = await import("hono");
  const { getCookie } = await import("hono/cookie");
  const { getCookies } = await import("undici");
  const app = new Hono().get("/", (context) => context.json({ value: getCookie(context, "sid") }));
  readers["cookie 2.0.2"] = (field) => parseCookie(field).sid;
  readers["h3 2.0.8"] = (cookie) => parseCookies({ req: { headers: new Headers({ cookie }) } }).sid;
  readers["hono 4.13.19"] = async (cookie) => (await (await app.request("/", { headers: { cookie } })).json()).value;
  readers["undici 8.13.1"] = (cookie) => getCookies(new Headers({ cookie })).sid;
}

const usual = ["app", '"a"', "x%E4", '{"id":1}'];
const expected = {
  undici: ["root", ...usual.slice(1)],
  hono: ["app", "a", "x%E4", undefined],
  bun: ["app", '"a"', "x\uFFFD", '{"id":1}'],
  elysia: ["app", '"a"', null, { id: 1 }],
};
let result = 0;
for (const [name, read] of Object.entries(readers)) {
  const seen = [];
  for (const field of fields) seen.push(await read(field));
  console.log(`${name}:`, fields.map((field, i) => `${field} is ${JSON.stringify(seen[i]) ?? "absent"}`).join(", "));
  if (JSON.stringify(seen) !== JSON.stringify(expected[name.split(" ")[0]] ?? usual)) result = 1;
}
process.exit(result);
JS
result=0
npx node cookies.mjs || result=1
timeout 60 npx bun cookies.mjs || result=1
exit $result
