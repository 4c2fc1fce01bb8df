// Bun's `server.publish`: /channels?N subscribes to the topic N; /publish takes messages `N:DATA`, and POST of
// {"channel":N,"data":…}. In one process, as publish does not reach others.

import process from "node:process";
const deflates = process.env.BENCH_DEFLATE !== undefined;
const TEXT = { headers: { "Content-Type": "text/plain; charset=utf-8" } };

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.BENCH_PORT),
  development: false,
  async fetch(request, server) {
    const { pathname, search } = new URL(request.url);
    if (request.method === "POST") {
      if (pathname === "/echo") return new Response(request.body);
      const { channel, data } = await request.json();
      server.publish(channel, JSON.stringify(data), deflates);
      return new Response("{}", TEXT);
    }
    const channel = pathname === "/channels" ? search.slice(1) : "";
    const upgrades = channel !== "" || pathname === "/publish";
    if (upgrades && server.upgrade(request, { data: { channel } })) return undefined;
    return new Response("ok", TEXT);
  },
  websocket: {
    perMessageDeflate: deflates,
    open(socket) {
      if (socket.data.channel === "") return;
      socket.subscribe(socket.data.channel);
      socket.send("ready");
    },
    message(_socket, message) {
      const colon = message.indexOf(":");
      server.publish(message.slice(0, colon), message.slice(colon + 1), deflates);
    },
  },
});
