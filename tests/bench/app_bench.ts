/**
 * Microbenchmarks of the app: `deno bench --no-check -A tests/bench/app_bench.ts`. A request's whole way through a session without
 * sockets, beside that of /healthz; and the classes of the Web that an app works with, beside Deno's own.
 */

import { prepareThread } from "../../runtime/serve/app/mod.ts";
import { WebHeaders, WebRequest, WebResponse } from "../../runtime/serve/app/web_classes.ts";
import { AppRequest } from "../../runtime/serve/app/app_request.ts";
import { RequestOrigins } from "../../runtime/serve/app/request_origins.ts";
import { fakeExchange } from "../support/web_classes.ts";
import { AppSession } from "./app_session.ts";

prepareThread();

const bytesOf = (text: string) => new TextEncoder().encode(text);
const request = (line: string, body = "") =>
  bytesOf(
    `${line} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench\r\nAccept: */*\r\nX-Name: me\r\n` +
      `${body === "" ? "" : `Content-Length: ${body.length}\r\n`}\r\n${body}`,
  );
const GET = request("GET /path?name=value");
const HEALTH = request("GET /healthz");
const KIB = JSON.stringify({ text: "x".repeat(990) });
const POST = request("POST /path", KIB);

function check(answered: number, what: string): void {
  if (answered < 50) throw new Error(`${what}: ${answered} bytes were answered`);
}

const HTML = { headers: { "content-type": "text/html; charset=utf-8", "x-one": "1" } };
const ROWS: [name: string, asked: Uint8Array, fetch: (request: Request) => Response][] = [
  ["ok", GET, () => new Response("ok")],
  ["ok with two headers", GET, () => new Response("ok", HTML)],
  ["JSON of URL, header and query", GET, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [agent, name] = [request.headers.get("user-agent"), searchParams.get("name")];
    return Response.json({ pathname, agent, name });
  }],
  ["text of the URL", GET, (request) => new Response(request.url)],
  ["a header", GET, (request) => new Response(request.headers.get("x-name"))],
];

Deno.bench(
  "/healthz without an app",
  { group: "request", baseline: true },
  bench(HEALTH, undefined),
);
Deno.bench("/healthz, passed on by an app", { group: "request" }, bench(HEALTH, () => undefined));
for (const [name, asked, fetch] of ROWS) {
  Deno.bench(`fetch → ${name}`, { group: "request" }, bench(asked, fetch));
}

function bench(asked: Uint8Array, fetch: ((request: Request) => Response | undefined) | undefined) {
  const session = new AppSession(fetch && { fetch });
  check(session.ask(asked), "once");
  return () => void session.ask(asked);
}

const LATER: [name: string, asked: Uint8Array, fetch: (request: Request) => Promise<Response>][] = [
  ["ok, async", GET, async () => await new Response("ok")],
  ["1 KiB of JSON, parsed", POST, async (request) => {
    const { text } = await request.json();
    return new Response(`${text.length}`);
  }],
];
for (const [name, asked, fetch] of LATER) {
  const session = new AppSession({ fetch });
  check(await session.askLater(asked), name);
  Deno.bench(`fetch → ${name}`, { group: "async" }, async () => void await session.askLater(asked));
}

let kept: unknown;
const CLASSES = [
  ["Deno's", WebResponse, WebHeaders],
  ["the app's", Response, Headers],
] as const;
for (const [whose, TheResponse, TheHeaders] of CLASSES) {
  const baseline = whose === "Deno's";
  Deno.bench(`${whose} Response of text`, { group: "Response", baseline }, () => {
    kept = new TheResponse("ok");
  });
  Deno.bench(
    `${whose} Response with two headers`,
    { group: "Response with headers", baseline },
    () => {
      kept = new TheResponse("ok", HTML);
    },
  );
  Deno.bench(`${whose} Response.json`, { group: "Response.json", baseline }, () => {
    kept = TheResponse.json({ a: 1 });
  });
  Deno.bench(`${whose} Headers of two`, { group: "Headers", baseline }, () => {
    kept = new TheHeaders(HTML.headers);
  });
}

const exchange = fakeExchange({ target: "/path?name=value", fields: [["x-name", "me"]] });
const origins = new RequestOrigins("localhost");
const REQUESTS: [whose: string, make: () => Request][] = [
  [
    "Deno's",
    () => new WebRequest("http://a.example/path?name=value", { headers: { "x-name": "me" } }),
  ],
  ["the app's", () => new AppRequest(exchange, origins) as unknown as Request],
];
for (const [whose, make] of REQUESTS) {
  const baseline = whose === "Deno's";
  Deno.bench(`${whose} Request`, { group: "Request", baseline }, () => {
    kept = make();
  });
  Deno.bench(`${whose} Request, its URL`, { group: "URL", baseline }, () => {
    kept = make().url;
  });
  Deno.bench(`${whose} Request, a header`, { group: "header", baseline }, () => {
    kept = make().headers.get("x-name");
  });
}
void kept;
