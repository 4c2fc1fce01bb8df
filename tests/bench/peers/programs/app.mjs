// The handlers of the rows with an app: the same file is the app of async-deno, of Bun.serve and of deno serve.

import { Hono } from "npm:hono@4.13.19";

const hono = new Hono();
hono.get("/hono/users/:id", (context) => context.json({ id: context.req.param("id") }));

async function awaits() {
  await undefined;
  return new Response("awaited");
}

async function waits() {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return new Response("late");
}

async function parses(request) {
  const { words } = await request.json();
  return Response.json({ words: words.length });
}

/** Bun's way, or Deno's. */
function echoes(request, server) {
  if (typeof server?.upgrade === "function") return void server.upgrade(request);
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

/** As in the programs of the rows with channels: /channels?N subscribes to N; /publish takes `N:DATA`. */
function upgrades(request, server, channel) {
  if (typeof server?.upgrade !== "function") return joins(request, channel);
  return void server.upgrade(request, { data: { channel } });
}

/** Deno has no topics: a set of sockets for each channel. */
const channels = new Map();

function joins(request, channel) {
  const { socket, response } = Deno.upgradeWebSocket(request);
  if (channel === "") {
    socket.onmessage = ({ data }) => {
      const colon = data.indexOf(":");
      const text = data.slice(colon + 1);
      for (const member of channels.get(data.slice(0, colon)) ?? []) member.send(text);
    };
    return response;
  }
  const members = channels.get(channel) ?? new Set();
  channels.set(channel, members);
  socket.onopen = () => {
    members.add(socket);
    socket.send("ready");
  };
  socket.onclose = () => members.delete(socket);
  return response;
}

export default {
  websocket: {
    open(socket) {
      const channel = socket.data?.channel ?? "";
      if (channel === "") return;
      socket.subscribe(channel);
      socket.send("ready");
    },
    message(socket, data) {
      if (socket.data === undefined) return void socket.send(data);
      const colon = data.indexOf(":");
      socket.publish(data.slice(0, colon), data.slice(colon + 1));
    },
  },
  fetch(request, server) {
    const { url } = request;
    // The path is compared without parsing the URL, which would cost more than the response.
    if (url.endsWith("/text")) return new Response("ok");
    if (url.endsWith("/await")) return awaits();
    if (url.endsWith("/timer")) return waits();
    if (url.endsWith("/post")) return parses(request);
    if (url.endsWith("/echo")) return echoes(request, server);
    if (url.endsWith("/publish")) return upgrades(request, server, "");
    if (url.includes("/channels?")) return upgrades(request, server, url.split("?")[1]);
    if (url.includes("/hono/")) return hono.fetch(request);
    const { pathname, searchParams } = new URL(url);
    const language = request.headers.get("accept-language");
    return Response.json({ path: pathname, q: searchParams.get("q"), language });
  },
};
