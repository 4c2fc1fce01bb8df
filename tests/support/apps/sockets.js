/**
 * An app that carries out what its clients send, for tests: each text is an expression, whose value is sent back as JSON.
 * Runs under Bun, too. `trace` is what its handlers were told.
 */

const trace = [];
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

function carryOut(ws, expression) {
  try {
    return new Function("ws", "wait", "trace", `return (${expression});`)(ws, wait, trace);
  } catch (error) {
    return error instanceof RangeError ? "RangeError" : "Error";
  }
}

async function reply(ws, expression) {
  const value = await carryOut(ws, expression);
  ws.send(JSON.stringify({ value: value === undefined ? "undefined" : value }));
}

export default {
  fetch(request, server) {
    const { pathname, searchParams } = new URL(request.url);
    const name = searchParams.get("name");
    if (pathname === "/ws") {
      const headers = { "X-Name": name, "Set-Cookie": "a=1" };
      if (server.upgrade(request, { data: { name }, headers })) return;
      return new Response("no handshake", { status: 400 });
    }
    if (pathname === "/late") {
      return wait(20).then(() =>
        server.upgrade(request, { data: { name } }) ? undefined : new Response("no")
      );
    }
    if (pathname === "/twice") {
      const first = server.upgrade(request, { data: { name } });
      return new Response(JSON.stringify([first, server.upgrade(request)]));
    }
    if (pathname === "/protocol") {
      server.upgrade(request, { headers: { "Sec-WebSocket-Protocol": "b" } });
      return;
    }
    if (pathname === "/publish") {
      const sent = server.publish(searchParams.get("topic"), searchParams.get("data"));
      return new Response(String(sent));
    }
    if (pathname === "/publish-bytes") {
      return new Response(
        String(server.publish(searchParams.get("topic"), new Uint8Array([0, 255]))),
      );
    }
    if (pathname === "/count") {
      return new Response(String(server.subscriberCount(searchParams.get("topic"))));
    }
    if (pathname === "/trace") return new Response(JSON.stringify(trace));
    if (pathname === "/") return new Response("an app with WebSockets");
  },
  websocket: {
    async open(ws) {
      const { data, remoteAddress, readyState, binaryType } = ws;
      if (data?.name === "throws") throw new Error("open failed");
      if (data?.name === "slow-open") await wait(50);
      ws.send(
        JSON.stringify({ open: [data?.name ?? null, remoteAddress, readyState, binaryType] }),
      );
    },
    async message(ws, message) {
      if (typeof message !== "string") {
        const length = message.byteLength ?? message.length;
        ws.send(JSON.stringify({ is: message.constructor.name, length }));
        ws.send(message);
        return;
      }
      await reply(ws, message);
    },
    close(ws, code, reason) {
      const { readyState, data } = ws;
      if (data?.name === "tells") ws.publish("gone", "in close");
      trace.push([
        data?.name ?? null,
        code,
        reason,
        readyState,
        ws.send("x"),
        ws.subscriptions.length,
      ]);
    },
    drain(ws) {
      trace.push([ws.data?.name ?? null, "drain"]);
    },
    ping(ws, data) {
      trace.push([ws.data?.name ?? null, "ping", data.constructor.name, String(data)]);
    },
    pong(ws, data) {
      trace.push([ws.data?.name ?? null, "pong", data.constructor.name, String(data)]);
    },
  },
};
