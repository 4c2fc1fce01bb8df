/**
 * Peers to be paused in the middle of something: the program that vanished_peers_test.ts starts.
 *
 * In: `KIND PORT COUNT`. Out: the line `ready` on stdout if every peer has reached the state of its kind:
 *
 *   readers  in the middle of reading a large HTTP answer, whose rest waits at the server
 *   echoes   WebSockets that send and never read, until no more can be sent
 *   pongs    idle WebSockets that have answered a ping
 */

import {
  encodeFrame,
  handshakeRequest,
  OPCODE,
  RawWebSocket,
} from "../../support/raw_websocket.ts";

const MEBIBYTE = 1024 * 1024;
/** More than the socket buffers of both ends hold: the maxima of net.ipv4.tcp_rmem and tcp_wmem are 6 and 4 MiB. */
const ANSWER_BYTES = 16 * MEBIBYTE;
/** If nothing could be written for this long, all buffers are full. */
const STUCK_MS = 400;

type Peers = (port: number, count: number) => Promise<void>;

const KINDS: Readonly<Record<string, Peers>> = {
  readers: (port, count) => inParallel(count, () => beginToRead(port)),
  echoes: async (port, count) => {
    const sockets = await Promise.all(Array.from({ length: count }, () => openEcho(port)));
    await Promise.all(sockets.map((socket) => sendUntilStuck(socket)));
  },
  pongs: (port, count) => inParallel(count, () => answerPings(port)),
};

async function inParallel(count: number, each: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, each));
}

async function beginToRead(port: number): Promise<void> {
  const peer = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${ANSWER_BYTES}\r\n\r\n`;
  await writeAll(peer, new TextEncoder().encode(head));
  await writeAll(peer, new Uint8Array(ANSWER_BYTES));
  await peer.read(new Uint8Array(1));
}

async function openEcho(port: number): Promise<Deno.Conn> {
  const peer = await Deno.connect({ hostname: "127.0.0.1", port });
  await writeAll(peer, new TextEncoder().encode(handshakeRequest("/echo")));
  return peer;
}

/** Settles if the server reads no more; the last write stays pending. */
async function sendUntilStuck(peer: Deno.Conn): Promise<void> {
  const frame = encodeFrame({ opcode: OPCODE.binary, payload: new Uint8Array(MEBIBYTE) });
  let isStuck = false;
  while (!isStuck) {
    const written = writeAll(peer, frame);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(true), STUCK_MS);
    isStuck = await Promise.race([promise, written.then(() => false)]);
    clearTimeout(timer);
    // The server may close the connection before this process is paused: that is what the test checks.
    if (isStuck) written.catch((error) => console.log(`cut off: ${error}`));
  }
}

/** Settles at the first pong and keeps answering. */
async function answerPings(port: number): Promise<void> {
  const socket = await RawWebSocket.open({ hostname: "127.0.0.1", port }, "/echo");
  await answerPing(socket);
  (async () => {
    while (true) await answerPing(socket);
  })().catch((error) => console.log(`cut off: ${error}`));
}

async function answerPing(socket: RawWebSocket): Promise<void> {
  const ping = await socket.frame();
  await socket.send({ opcode: OPCODE.pong, payload: ping.payload });
}

async function writeAll(peer: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await peer.write(bytes.subarray(sent));
}

if (import.meta.main) {
  const [kind, port, count] = Deno.args as [string, string, string];
  const peers = KINDS[kind];
  if (peers === undefined) throw new TypeError(`unknown kind of peers: ${kind}`);
  await peers(Number(port), Number(count));
  console.log("ready");
  // Held open until the process ends.
  setInterval(() => {}, 1_000_000);
}
