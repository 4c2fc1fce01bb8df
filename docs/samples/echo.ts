// A WebSocket echo that never queues much: it sends on when the client has read (`drain`). Runs here, and with `bun echo.ts`.
type Message = string | Uint8Array;

interface Socket {
  data: { queue: Message[]; isFull: boolean };
  send(message: Message): number;
}

interface Server {
  upgrade(request: Request, options: { data: Socket["data"] }): boolean;
}

function sendQueued(socket: Socket): void {
  const { data } = socket;
  while (!data.isFull && data.queue.length > 0) {
    // -1: it is queued, and more must wait for `drain`; 0: it was dropped.
    const result = socket.send(data.queue[0]!);
    data.isFull = result < 1;
    if (result !== 0) data.queue.shift();
  }
}

export default {
  fetch(request: Request, server: Server): Response | undefined {
    const data = { queue: [], isFull: false };
    if (server.upgrade(request, { data })) return undefined;
    return new Response("a WebSocket is needed\n", { status: 426 });
  },
  websocket: {
    message(socket: Socket, message: Message) {
      socket.data.queue.push(message);
      sendQueued(socket);
    },
    drain(socket: Socket) {
      socket.data.isFull = false;
      sendQueued(socket);
    },
  },
};
