/**
 * Opens many idle WebSockets.
 *
 * In: a port of 127.0.0.1 and a number. Out: connections after their handshake; the caller closes them.
 * Raw sockets, so that the client side costs little.
 */

import { PATHS } from "./rows.ts";

/** Concurrent handshakes: fewer than any server's backlog. */
const AT_ONCE = 32;

const HANDSHAKE = new TextEncoder().encode([
  `GET ${PATHS.websocket} HTTP/1.1`,
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "\r\n",
].join("\r\n"));
const ACCEPTED = "HTTP/1.1 101 ";
const HEAD_END = "\r\n\r\n";

/**
 * Opens `count` WebSockets.
 *
 * @throws Error if the server refuses one; the open ones are closed first
 */
export async function openIdleSockets(port: number, count: number): Promise<Deno.Conn[]> {
  const open: Deno.Conn[] = [];
  try {
    while (open.length < count) {
      const batch = Math.min(AT_ONCE, count - open.length);
      open.push(...await Promise.all(Array.from({ length: batch }, () => openOne(port))));
    }
    return open;
  } catch (error) {
    closeAll(open);
    throw error;
  }
}

/** Closes the sockets without a close frame, after a measurement. */
export function closeAll(sockets: readonly Deno.Conn[]): void {
  for (const socket of sockets) socket.close();
}

async function openOne(port: number): Promise<Deno.Conn> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  await socket.write(HANDSHAKE);
  const bytes = new Uint8Array(1024);
  let answer = "";
  while (!answer.includes(HEAD_END)) {
    const count = await socket.read(bytes);
    if (count === null) break;
    answer += new TextDecoder().decode(bytes.subarray(0, count));
  }
  if (answer.startsWith(ACCEPTED)) return socket;
  socket.close();
  throw new Error(`no WebSocket on port ${port}: "${answer.split("\r\n")[0]}"`);
}
