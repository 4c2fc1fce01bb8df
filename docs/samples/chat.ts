// A chat with rooms: what a client sends reaches everybody in its room, on all cores. Runs here, and with `bun chat.ts`.
// Open ws://localhost:8000/room/NAME?user=ALICE.
interface Visitor {
  room: string;
  user: string;
}

interface Socket {
  data: Visitor;
  send(text: string): number;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  publish(topic: string, text: string): number;
}

interface Server {
  upgrade(request: Request, options: { data: Visitor }): boolean;
  publish(topic: string, text: string): number;
}

// What the server sends to a room reaches its subscribers on all cores.
let server: Server | undefined;

export default {
  fetch(request: Request, its: Server): Response | undefined {
    server = its;
    const { pathname, searchParams } = new URL(request.url);
    const room = /^\/room\/(\w+)$/.exec(pathname)?.[1];
    if (room === undefined) {
      return new Response("open a WebSocket at /room/NAME\n", { status: 404 });
    }
    const user = searchParams.get("user") ?? "somebody";
    if (its.upgrade(request, { data: { room, user } })) return undefined;
    return new Response("a WebSocket is needed\n", { status: 426 });
  },
  websocket: {
    open(socket: Socket) {
      const { room, user } = socket.data;
      socket.subscribe(room);
      socket.send(`welcome to ${room}, ${user}`);
      socket.publish(room, `${user} has come`);
    },
    message(socket: Socket, message: string | Uint8Array) {
      const { room, user } = socket.data;
      server?.publish(room, `${user}: ${message}`);
    },
    close(socket: Socket) {
      const { room, user } = socket.data;
      server?.publish(room, `${user} has left`);
    },
  },
};
