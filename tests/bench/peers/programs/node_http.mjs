// Node's http, one process per worker with its cluster module.

import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";
import { Buffer } from "node:buffer";

const { BENCH_PAGE, BENCH_PORT, BENCH_WORKERS } = process.env;
const page = readFileSync(BENCH_PAGE);

function echo(request, response) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": body.length,
    });
    response.end(body);
  });
}

function answer(request, response) {
  if (request.url === "/healthz") {
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": 2 });
    response.end("ok");
  } else if (request.url === "/echo") {
    echo(request, response);
  } else {
    response.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Length": page.length,
    });
    response.end(page);
  }
}

const workers = Number(BENCH_WORKERS);
if (cluster.isPrimary && workers > 1) {
  for (let i = 0; i < workers; i++) cluster.fork();
} else {
  createServer(answer).listen(Number(BENCH_PORT), "127.0.0.1", 4096);
}
