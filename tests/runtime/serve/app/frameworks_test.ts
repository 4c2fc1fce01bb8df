/**
 * Hono and itty-router, unchanged: each request is answered here as by Deno.serve with the same app.
 */

import { assertEquals } from "@std/assert";
import { FRAMEWORK_APPS } from "../../../support/framework_apps.ts";
import { withHandlers } from "../../../support/handlers_server.ts";

type Row = [path: string, init?: RequestInit];

const form = (fields: Record<string, string>): RequestInit => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return { method: "POST", body };
};

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  hono: [
    ["/"],
    ["/", { method: "HEAD" }],
    ["/users/7?q=a%20b&q=c"],
    ["/json", { method: "POST", body: '{"a":1}', headers: { "content-type": "application/json" } }],
    ["/json", { method: "POST", body: "{" }],
    ["/form", form({ a: "b", c: "ä" })],
    ["/form", { method: "POST", body: new URLSearchParams({ a: "1 2" }) }],
    ["/upper", { method: "POST", body: "x".repeat(100_000) }],
    ["/html"],
    ["/old", { redirect: "manual" }],
    ["/cookie", { headers: { cookie: "name=me; other=1" } }],
    ["/cors/x", { headers: { origin: "http://other.example" } }],
    ["/cors/x", {
      method: "OPTIONS",
      headers: { origin: "http://other.example", "access-control-request-method": "PUT" },
    }],
    ["/etag"],
    ["/etag", { headers: { "if-none-match": '"d3b3f1d8"' } }],
    ["/header", { headers: { "x-in": "in" } }],
    ["/stream"],
    ["/sse"],
    ["/throws"],
    ["/nothing"],
    ["/sub/deep"],
    ["/sub/deep", { method: "HEAD" }],
    ["/mounted/a/b"],
  ],
  itty: [
    ["/hello/you"],
    ["/query?a=1&a=2"],
    ["/json", { method: "POST", body: '{"a":1}' }],
    ["/status"],
    ["/error"],
    ["/throws"],
    ["/nothing"],
  ],
};

/** The fields that each server writes in its own way. */
const OF_SERVERS = ["date", "vary", "content-length", "transfer-encoding", "connection"];

async function ask(port: number, [path, init]: Row): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const headers = [...answer.headers].filter(([name]) => !OF_SERVERS.includes(name));
  return { status: answer.status, headers, text: await answer.text() };
}

for (const [name, rows] of Object.entries(ROWS)) {
  Deno.test(`frameworks: ${name} answers as under Deno.serve`, (test) => {
    const thread = new URL(`../../../support/framework_thread.ts?${name}`, import.meta.url);
    return withHandlers(thread, {}, async ({ port }) => {
      const framework = FRAMEWORK_APPS[name]!; // there is one for each name
      const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
      await using other = Deno.serve(listen, (request) => framework.fetch(request));
      for (const row of rows) {
        await test.step(`${row[1]?.method ?? "GET"} ${row[0]}`, async () => {
          assertEquals(await ask(port, row), await ask(other.addr.port, row));
        });
      }
    });
  });
}
