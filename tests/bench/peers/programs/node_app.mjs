// The app in Node's http, with the Web's Request and Response that Node has, one process per worker with its cluster module.

import cluster from "node:cluster";
import { createServer } from "node:http";
import process from "node:process";
import { Readable } from "node:stream";
import { Buffer } from "node:buffer";
import app from "./app.mjs";

const { BENCH_PORT, BENCH_WORKERS } = process.env;

function requestOf(message) {
  const { headers, method, rawHeaders, url } = message;
  const fields = [];
  for (let i = 0; i < rawHeaders.length; i += 2) fields.push([rawHeaders[i], rawHeaders[i + 1]]);
  const body = method === "GET" || method === "HEAD" ? null : Readable.toWeb(message);
  return new Request(`http://${headers.host}${url}`, {
    method,
    headers: fields,
    body,
    duplex: "half",
  });
}

async function answer(message, answering) {
  const response = await app.fetch(requestOf(message));
  const body = Buffer.from(await response.arrayBuffer());
  const fields = { ...Object.fromEntries(response.headers), "content-length": body.length };
  answering.writeHead(response.status, fields);
  answering.end(body);
}

const workers = Number(BENCH_WORKERS);
if (cluster.isPrimary && workers > 1) {
  for (let i = 0; i < workers; i++) cluster.fork();
} else {
  createServer(answer).listen(Number(BENCH_PORT), "127.0.0.1", 4096);
}
