/**
 * A server of npm ws with permessage-deflate and one channel, for clients that read what it compresses.
 *
 * In: whether it keeps its context from one message to the next. Out: its port on 127.0.0.1. A WebSocket at /channels gets "ready", and then
 * the text behind the colon of each message `0:TEXT` of any other one.
 */

import type { Buffer } from "node:buffer";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "npm:ws@8.18.3";

/** The part of a socket of npm ws, which has no types here, that is used. */
interface WsSocket {
  send(text: string, options?: { compress: boolean }): void;
  on(event: "message", call: (bytes: Buffer) => void): void;
}

/** Runs `use` beside the server; `spoil` changes what is published. */
export async function withWsChannels(
  hasContext: boolean,
  spoil: (text: string) => string,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const http = createServer();
  const sockets = new WebSocketServer({
    server: http,
    perMessageDeflate: hasContext || { serverNoContextTakeover: true, threshold: 0 },
  });
  const subscribers = new Set<WsSocket>();
  sockets.on("connection", (socket: WsSocket, { url }: { url: string }) => {
    if (url.startsWith("/channels")) {
      subscribers.add(socket);
      socket.send("ready", { compress: false });
    }
    socket.on("message", (bytes) => {
      const text = spoil(String(bytes).slice("0:".length));
      for (const subscriber of subscribers) subscriber.send(text);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  try {
    await use((http.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  }
}
