// Bun.serve with a fetch handler, and its WebSocket. The path is compared without parsing the URL, which
// would cost more than the response.

import process from "node:process";
const page = await Bun.file(process.env.BENCH_PAGE).bytes();
const site = process.env.BENCH_SITE.slice(0, -1);
const { BENCH_CERT, BENCH_KEY, BENCH_DEFLATE } = process.env;
const deflates = BENCH_DEFLATE !== undefined;
const PLAIN = { headers: { "Content-Type": "text/plain; charset=utf-8" } };
const HTML = { headers: { "Content-Type": "text/html; charset=utf-8" } };
const BINARY = { headers: { "Content-Type": "application/octet-stream" } };

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.BENCH_PORT),
  reusePort: true,
  development: false,
  ...(BENCH_CERT ? { tls: { cert: Bun.file(BENCH_CERT), key: Bun.file(BENCH_KEY) } } : {}),
  fetch(request, server) {
    if (request.url.endsWith("/healthz")) return new Response("ok", PLAIN);
    if (request.url.endsWith("/echo")) {
      if (request.method === "GET" && server.upgrade(request)) return undefined;
      // A tenth cheaper than awaiting the bytes first.
      return new Response(request.body, BINARY);
    }
    if (request.url.includes("/files/")) {
      return new Response(Bun.file(site + request.url.slice(request.url.indexOf("/files/"))));
    }
    return new Response(page, HTML);
  },
  websocket: {
    perMessageDeflate: deflates,
    message(socket, message) {
      socket.send(message, deflates);
    },
  },
});
