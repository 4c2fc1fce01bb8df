/**
 * Opens many idle WebSockets, or idle TLS connections.
 *
 * In: a port of 127.0.0.1 and a number. Out: connections after their handshake (TLS: and after one request; with
 * permessage-deflate: and after one message that was echoed, compressed in both directions); the caller closes them. Raw
 * sockets, so that the client side costs little.
 */

import { Buffer } from "node:buffer";
import zlib from "node:zlib";
import { CA_FILE } from "./certificate.ts";
import { DEFLATE_OFFER } from "./channels_wire.ts";
import { JSON_BODY, PATHS } from "./rows.ts";

/** The kind of connection. */
export type IdleKind = "websocket" | "websocket-deflate" | "tls";

/** Concurrent handshakes: fewer than any server's backlog. */
const AT_ONCE = 32;

const UPGRADE = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

function requestFor(kind: IdleKind): Uint8Array {
  const fields = [
    "Host: 127.0.0.1",
    ...(kind === "tls" ? [] : UPGRADE),
    ...(kind === "websocket-deflate" ? [`Sec-WebSocket-Extensions: ${DEFLATE_OFFER}`] : []),
  ];
  return new TextEncoder().encode(
    [`GET ${PATHS[kind]} HTTP/1.1`, ...fields, "\r\n"].join("\r\n"),
  );
}

const REQUESTS = {
  websocket: requestFor("websocket"),
  "websocket-deflate": requestFor("websocket-deflate"),
  tls: requestFor("tls"),
};
const ACCEPTED = {
  websocket: /^HTTP\/1\.1 101 /,
  "websocket-deflate": /^HTTP\/1\.1 101 [^]*permessage-deflate/,
  tls: /^HTTP\/1\.1 200 /,
};
const HEAD_END = "\r\n\r\n";

/** RFC 6455 section 5.2: FIN, RFC 7692 section 6: RSV1, and text. */
const COMPRESSED_TEXT = 0xc1;
/** The length is in the next two bytes. */
const LENGTH_16 = 126;
const MASKED = 0x80;
/** What a sync flush ends with, which is not sent. */
const FLUSH_BYTES = 4;

/** A client's frame of 1 KiB of JSON, compressed, with a mask of zeros. */
function compressedFrame(): Uint8Array {
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  const payload = zlib.deflateRawSync(JSON_BODY, { finishFlush }).subarray(0, -FLUSH_BYTES);
  const { length } = payload;
  const header = length < LENGTH_16 ? [length] : [LENGTH_16, length >> 8, length & 255];
  header[0]! |= MASKED;
  return Uint8Array.of(COMPRESSED_TEXT, ...header, 0, 0, 0, 0, ...payload);
}

const COMPRESSED_FRAME = compressedFrame();

/** Reads from a socket until its bytes are as wanted, or it ends; returns the bytes. */
async function readUntil(
  socket: Deno.Conn,
  isEnough: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array> {
  const piece = new Uint8Array(1024);
  let bytes = new Uint8Array(0);
  while (!isEnough(bytes)) {
    const count = await socket.read(piece);
    if (count === null) break;
    bytes = new Uint8Array([...bytes, ...piece.subarray(0, count)]);
  }
  return bytes;
}

/** Whether these are a whole frame, of less than 64 KiB. */
function isFrame(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const length = bytes[1]!;
  const size = length < LENGTH_16 ? 2 + length : 4 + (bytes[2]! << 8 | bytes[3]!);
  return bytes.length >= size;
}

/** Has a message echoed. */
async function exchangeMessage(socket: Deno.Conn): Promise<boolean> {
  await socket.write(COMPRESSED_FRAME);
  const [first, second = 0] = await readUntil(socket, isFrame);
  return first === COMPRESSED_TEXT && second < MASKED;
}

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
  if (kind !== "tls") return await Deno.connect(address);
  return await Deno.connectTls({ ...address, caCerts: [await Deno.readTextFile(CA_FILE)] });
}

async function openOne(port: number, kind: IdleKind): Promise<Deno.Conn> {
  const socket = await connect(port, kind);
  await socket.write(REQUESTS[kind]);
  const bytes = await readUntil(socket, (bytes) => Buffer.from(bytes).includes(HEAD_END));
  const answer = new TextDecoder().decode(bytes);
  const isAccepted = ACCEPTED[kind].test(answer);
  const isOpen = isAccepted && (kind !== "websocket-deflate" || await exchangeMessage(socket));
  if (isOpen) return socket;
  socket.close();
  const why = isAccepted ? "no compressed echo" : `"${answer.split("\r\n")[0]}"`;
  throw new Error(`no ${kind} on port ${port}: ${why}`);
}
