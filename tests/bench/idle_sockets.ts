/**
 * Opens many idle WebSockets, or idle TLS connections.
 *
 * In: a port of 127.0.0.1 and a number. Out: connections after their handshake (TLS: and after one request);
 * the caller closes them. Raw sockets, so that the client side costs little.
 */

import { CA_FILE } from "./certificate.ts";
import { PATHS } from "./rows.ts";

/** The kind of connection. */
export type IdleKind = "websocket" | "tls";

/** Concurrent handshakes: fewer than any server's backlog. */
const AT_ONCE = 32;

const UPGRADE = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

function requestFor(kind: IdleKind): Uint8Array {
  const fields = ["Host: 127.0.0.1", ...(kind === "websocket" ? UPGRADE : [])];
  return new TextEncoder().encode(
    [`GET ${PATHS[kind]} HTTP/1.1`, ...fields, "\r\n"].join("\r\n"),
  );
}

const REQUESTS = { websocket: requestFor("websocket"), tls: requestFor("tls") };
const ACCEPTED = { websocket: "HTTP/1.1 101 ", tls: "HTTP/1.1 200 " };
const HEAD_END = "\r\n\r\n";

/**
 * Opens `count` connections.
 *
 * @throws Error if the server refuses one; the open ones are closed first
 */
export async function openIdleSockets(
  port: number,
  count: number,
  kind: IdleKind = "websocket",
): Promise<Deno.Conn[]> {
  const open: Deno.Conn[] = [];
  try {
    while (open.length < count) {
      const batch = Math.min(AT_ONCE, count - open.length);
      open.push(...await Promise.all(Array.from({ length: batch }, () => openOne(port, kind))));
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

async function connect(port: number, kind: IdleKind): Promise<Deno.Conn> {
  const address = { hostname: "127.0.0.1", port };
  if (kind === "websocket") return await Deno.connect(address);
  return await Deno.connectTls({ ...address, caCerts: [await Deno.readTextFile(CA_FILE)] });
}

async function openOne(port: number, kind: IdleKind): Promise<Deno.Conn> {
  const socket = await connect(port, kind);
  await socket.write(REQUESTS[kind]);
  const bytes = new Uint8Array(1024);
  let answer = "";
  while (!answer.includes(HEAD_END)) {
    const count = await socket.read(bytes);
    if (count === null) break;
    answer += new TextDecoder().decode(bytes.subarray(0, count));
  }
  if (answer.startsWith(ACCEPTED[kind])) return socket;
  socket.close();
  throw new Error(`no ${kind} on port ${port}: "${answer.split("\r\n")[0]}"`);
}
