// A WebSocket as in Deno. Runs here, and with `deno serve deno-socket.ts`.
export default {
  fetch(request: Request): Response {
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("a WebSocket is needed\n", { status: 426 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => {
      if (data === "bye") socket.close(1000, "you said bye");
      else socket.send(typeof data === "string" ? data.toUpperCase() : data);
    };
    return response;
  },
};
