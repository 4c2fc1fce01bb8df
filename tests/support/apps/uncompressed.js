// An echo that declines compression, and asks for it nevertheless.
export default {
  fetch(request, server) {
    return server.upgrade(request) ? undefined : new Response("no handshake", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    message(ws, message) {
      ws.send(message, true);
    },
  },
};
