/**
 * Microbenchmarks of a publication by the HTTP API: `deno bench --no-check -A tests/bench/publish_bench.ts`. A request's whole way
 * through a session without sockets, beside that of a POST to /echo; nobody is subscribed.
 */

import { CHANNEL_OPTIONS } from "../../runtime/config/mod.ts";
import { apiRoutes } from "../../runtime/serve/centrifuge/api_route.ts";
import { ClientBench } from "../runtime/serve/centrifuge/client_bench.ts";
import { Stores } from "../runtime/channels/stores.ts";
import { AppSession } from "./app_session.ts";

const KEY = "benchmark-benchmark-benchmark";
const STORE_BYTES = 64 * 1024 * 1024;
const OPTIONS = { ...CHANNEL_OPTIONS, historySize: 100, historyTime: 600_000 };

const bytesOf = (text: string) => new TextEncoder().encode(text);
const post = (path: string, body: string, fields = "") =>
  bytesOf(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n${fields}Content-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );

/** A session with the API, and nothing behind it but a store. */
function apiSession(): AppSession {
  const { context } = new ClientBench({
    stores: new Stores(STORE_BYTES),
    config: { namespaces: { bench: OPTIONS } },
  });
  const none = {} as Parameters<typeof apiRoutes>[0];
  return new AppSession(undefined, apiRoutes({ ...none, context }, bytesOf(KEY)));
}

const DATA = `{"x":"${"x".repeat(56)}"}`;
const ROWS: [name: string, session: AppSession, asked: Uint8Array, least: number][] = [
  ["POST of 64 B to /echo", new AppSession(undefined), post("/echo", DATA), 100],
  ["POST of 1 KiB to /echo", new AppSession(undefined), post("/echo", "x".repeat(1024)), 1100],
  [
    "publish 64 B by HTTP",
    apiSession(),
    post("/api/publish", `{"channel":"bench:0","data":${DATA}}`, `X-API-Key: ${KEY}\r\n`),
    150,
  ],
];
for (const [name, session, asked, least] of ROWS) {
  const answered = session.ask(asked);
  if (answered < least) throw new Error(`${name}: ${answered} bytes were answered`);
  Deno.bench(name, { group: "publish" }, () => void session.ask(asked));
}
