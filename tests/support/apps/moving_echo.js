/** An echo that goes on in the new server at an upgrade. */
export default {
  fetch(request, server) {
    if (!server.upgrade(request)) return new Response("a WebSocket is needed");
  },
  websocket: {
    move: true,
    message(ws, message) {
      ws.send(message);
    },
  },
};
