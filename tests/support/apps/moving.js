/** WebSockets that go on in the new server, and some that do not: `?kind=` says what of this is tried. */
const kindOf = (ws) => ws.data.kind;

const websocket = {
  open(ws) {
    ws.subscribe("all");
    if (kindOf(ws) === "bytes") ws.binaryType = "uint8array";
  },
  move(ws) {
    if (kindOf(ws) === "refused") return undefined;
    if (kindOf(ws) === "date") return { ...ws.data, since: new Date() };
    return { ...ws.data, upgrades: ws.data.upgrades + 1 };
  },
  async moved(ws) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    ws.data.isMoved = true;
  },
  async message(ws, message) {
    if (typeof message !== "string") return void ws.send(message.constructor.name);
    if (message === "wait") await new Promise((resolve) => setTimeout(resolve, 400));
    if (message.startsWith("tell ")) return void ws.publish("all", message);
    ws.data.count++;
    ws.send(JSON.stringify({ ...ws.data, message, subscriptions: ws.subscriptions }));
  },
};

export default {
  fetch(request, server) {
    const { searchParams } = new URL(request.url);
    const data = { kind: searchParams.get("kind") ?? "", count: 0, upgrades: 0, isMoved: false };
    if (!server.upgrade(request, { data })) return new Response("a WebSocket is needed");
  },
  websocket,
};
