/**
 * An app that was written for `deno serve`, for tests: WebSockets by Deno.upgradeWebSocket. Each text is an expression, whose value is sent
 * back. `deno serve` runs it, too.
 */

const trace = [];

function serve(socket, name) {
  trace.push([
    name,
    "made",
    socket.readyState,
    socket instanceof WebSocket,
    socket instanceof EventTarget,
  ]);
  socket.onopen = (event) => {
    trace.push([name, "open", event.type, event.target === socket, socket.readyState]);
    socket.send("open");
  };
  let listened = 0;
  socket.addEventListener("message", () => listened++);
  socket.onmessage = async ({ data }) => {
    if (typeof data !== "string") {
      const bytes = data instanceof Blob ? await data.bytes() : new Uint8Array(data);
      socket.send(JSON.stringify([data.constructor.name, bytes.length]));
      socket.send(data);
      return;
    }
    let value;
    try {
      value = await new Function("socket", "listened", `return (${data});`)(socket, listened);
    } catch (error) {
      value = error.name;
    }
    if (socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify(value === undefined ? "undefined" : value));
    }
  };
  socket.onerror = (event) => trace.push([name, "error", event.type]);
  socket.onclose = ({ code, reason, wasClean, type }) => {
    trace.push([name, type, code, reason, wasClean, socket.readyState]);
  };
}

export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/trace") return Response.json(trace);
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("not found", { status: 404 });
    }
    const protocol = searchParams.get("protocol");
    const { socket, response } = Deno.upgradeWebSocket(
      request,
      protocol === null ? {} : { protocol },
    );
    serve(socket, searchParams.get("name"));
    if (pathname === "/late") {
      return new Promise((resolve) => setTimeout(() => resolve(response), 20));
    }
    return response;
  },
};
