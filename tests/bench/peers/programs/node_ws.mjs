// The npm package ws, one process per worker with Node's cluster module.

import cluster from "node:cluster";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";

const { BENCH_DEFLATE, BENCH_PEERS, BENCH_PORT, BENCH_WORKERS } = process.env;
// The package is installed in another folder.
const { WebSocketServer } = createRequire(BENCH_PEERS)("ws");

function serve() {
  const server = createServer((_request, response) => response.end("ok"));
  const sockets = new WebSocketServer({ server, perMessageDeflate: BENCH_DEFLATE !== undefined });
  sockets.on("connection", (socket) => {
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
  server.listen(Number(BENCH_PORT), "127.0.0.1", 4096);
}

const workers = Number(BENCH_WORKERS);
if (cluster.isPrimary && workers > 1) {
  for (let i = 0; i < workers; i++) cluster.fork();
} else {
  serve();
}
