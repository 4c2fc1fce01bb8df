// uWebSockets.js, by its publish: the same paths and messages as bun_channels.js. In one thread, as topics do not reach others.

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";

const { BENCH_PEERS, BENCH_PORT } = process.env;
// The package is installed in another folder.
const { App, DISABLED } = createRequire(BENCH_PEERS)("@trufflesuite/uws-js-unofficial");

function behaviour(channelOf) {
  return {
    compression: DISABLED,
    upgrade(response, request, context) {
      response.upgrade(
        { channel: channelOf(request) },
        request.getHeader("sec-websocket-key"),
        request.getHeader("sec-websocket-protocol"),
        request.getHeader("sec-websocket-extensions"),
        context,
      );
    },
    open(socket) {
      if (socket.channel === "") return;
      socket.subscribe(socket.channel);
      socket.send("ready");
    },
    message(_socket, bytes) {
      const message = Buffer.from(bytes).toString();
      const colon = message.indexOf(":");
      app.publish(message.slice(0, colon), message.slice(colon + 1), false);
    },
  };
}

function onBody(response, use) {
  let body = Buffer.alloc(0);
  response.onAborted(() => {});
  response.onData((bytes, isLast) => {
    body = Buffer.concat([body, Buffer.from(bytes)]);
    if (isLast) response.cork(() => use(body));
  });
}

const app = App()
  .ws("/channels", behaviour((request) => request.getQuery()))
  .ws("/publish", behaviour(() => ""))
  .post("/publish", (response) =>
    onBody(response, (body) => {
      const { channel, data } = JSON.parse(body.toString());
      app.publish(channel, JSON.stringify(data), false);
      response.writeHeader("Content-Type", "text/plain; charset=utf-8").end("{}");
    }))
  .post("/echo", (response) => onBody(response, (body) => response.end(body)))
  .any("/*", (response) => {
    response.writeHeader("Content-Type", "text/plain; charset=utf-8").end("ok");
  })
  .listen("127.0.0.1", Number(BENCH_PORT), (socket) => {
    if (!socket) process.exit(1);
  });
