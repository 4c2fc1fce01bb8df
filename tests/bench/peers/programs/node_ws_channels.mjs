// The npm package ws, with a set of sockets for each channel: the same paths and messages as bun_channels.js. A message
// is framed for each socket: ws has no other way.

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";

const { BENCH_DEFLATE, BENCH_PEERS, BENCH_PORT } = process.env;
// The package is installed in another folder.
const { WebSocketServer } = createRequire(BENCH_PEERS)("ws");
const channels = new Map();

function publish(channel, text) {
  const bytes = Buffer.from(text);
  for (const socket of channels.get(channel) ?? []) socket.send(bytes, { binary: false });
}

const server = createServer(async (request, response) => {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  if (request.method !== "POST") return response.end("ok");
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (request.url === "/echo") return response.end(body);
  const { channel, data } = JSON.parse(body.toString());
  publish(channel, JSON.stringify(data));
  response.end("{}");
});

const sockets = new WebSocketServer({ server, perMessageDeflate: BENCH_DEFLATE !== undefined });
sockets.on("connection", (socket, { url }) => {
  const channel = url.startsWith("/channels?") ? url.slice("/channels?".length) : undefined;
  if (channel === undefined) {
    socket.on("message", (bytes) => {
      const message = bytes.toString();
      const colon = message.indexOf(":");
      publish(message.slice(0, colon), message.slice(colon + 1));
    });
    return;
  }
  const members = channels.get(channel) ?? new Set();
  channels.set(channel, members.add(socket));
  socket.on("close", () => members.delete(socket));
  socket.send("ready", { compress: false });
});
server.listen(Number(BENCH_PORT), "127.0.0.1", 4096);
