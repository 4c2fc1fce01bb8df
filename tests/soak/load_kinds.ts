/**
 * The kinds of load of a soak test: well-behaved and misbehaving clients.
 *
 * In: a server and seeded random numbers. Out: rounds that check the responses. Well-behaved clients check
 * every byte. Misbehaving ones only disconnect; the descriptor count shows that the server closed them.
 */

import { assertEquals } from "@std/assert";
import { RawPeer } from "../e2e/faults/raw_peer.ts";
import { ResettingPeer } from "../e2e/faults/resetting_peer.ts";
import { ask, type Endpoint, HttpConnection } from "../support/http_client.ts";
import { closeCodeOf, closePayload, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import type { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { OVER_TLS } from "../support/suite_tls.ts";
import { hold } from "../support/wait_for.ts";
import type { LoadKind } from "./load.ts";

const GET = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSING = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
/** The beginning of a TLS record of 512 bytes with a ClientHello (RFC 8446 section 5.1). */
const CLIENT_HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
const PIPELINED = 16;
/** Around each length encoding of a frame, and above the receive buffer (RFC 6455 section 5.2). */
const MESSAGE_SIZES = [0, 1, 125, 126, 4_000, 65_535, 65_536, 300_000, 1024 * 1024];
const LARGEST_BODY = 256 * 1024;
/** Milliseconds between two bytes of a slow peer, and its bytes: the head timeout closes some peers. */
const DRIP_MS = 250;
const DRIPS = 24;

const BAD_REQUESTS = [
  "GET / HTTP/1.1\r\n\r\n",
  "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
  "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  `GET /${"x".repeat(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(200)}\r\n`,
  `${CLIENT_HELLO} no HTTP at all \r\n\r\n`,
];

/** All kinds, well-behaved ones first. */
export const LOAD_KINDS: readonly LoadKind[] = [
  { name: "keep-alive", clients: 8, pause: 5, round: keepAlive },
  { name: "one per connection", clients: 4, pause: 5, round: onePerConnection },
  { name: "pipelined by 16", clients: 4, pause: 10, round: pipelined },
  { name: "POST to /echo", clients: 4, pause: 10, round: postEcho },
  { name: "WebSocket echo", clients: 8, pause: 20, round: webSocketEcho },
  { name: "slow peers", clients: 50, pause: 100, round: slowPeer },
  { name: "resets during a response", clients: 2, pause: 25, round: reset },
  { name: "drops", clients: 4, pause: 10, round: drop },
  { name: "bad requests", clients: 2, pause: 10, round: badRequest },
];

async function keepAlive(server: Endpoint): Promise<void> {
  using connection = await HttpConnection.open(server);
  for (let i = 0; i < 50; i++) {
    await connection.send(GET);
    assertEquals((await connection.answer()).text, "ok");
  }
}

async function onePerConnection(server: Endpoint): Promise<void> {
  assertEquals((await ask(server, CLOSING)).text, "ok");
}

async function pipelined(server: Endpoint): Promise<void> {
  using connection = await HttpConnection.open(server);
  await connection.send(GET.repeat(PIPELINED));
  for (let i = 0; i < PIPELINED; i++) assertEquals((await connection.answer()).text, "ok");
}

async function postEcho(server: Endpoint, random: Random): Promise<void> {
  using connection = await HttpConnection.open(server);
  const body = random.bytes(random.below(LARGEST_BODY));
  await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\n");
  await connection.send(`Content-Length: ${body.length}\r\n\r\n`);
  await connection.send(body);
  const answer = await connection.answer();
  if (!sameBytes(answer.body, body)) throw new Error("the echoed body differs");
}

async function webSocketEcho(server: Endpoint, random: Random): Promise<void> {
  using socket = await RawWebSocket.open(server, "/echo");
  for (let i = 0; i < 4; i++) {
    const payload = random.bytes(MESSAGE_SIZES[random.below(MESSAGE_SIZES.length)]!);
    const half = payload.length >> 1;
    await socket.send({ opcode: OPCODE.binary, payload: payload.subarray(0, half), fin: false });
    await socket.send({ opcode: OPCODE.ping, payload: "between" });
    await socket.send({ opcode: OPCODE.continuation, payload: payload.subarray(half) });
    assertEquals((await socket.frame()).opcode, OPCODE.pong);
    const echo = await socket.frame();
    if (!sameBytes(echo.payload, payload)) throw new Error("the echoed message differs");
  }
  await socket.send({ opcode: OPCODE.close, payload: closePayload(1000) });
  assertEquals(closeCodeOf(await socket.frame()), 1000);
}

async function slowPeer(server: Endpoint, random: Random): Promise<void> {
  using peer = await RawPeer.open(server);
  await peer.send("GET / HTTP/1.1\r\nX: ");
  for (let i = random.below(DRIPS); i < DRIPS; i++) {
    await hold(DRIP_MS);
    // The server may have closed the connection, which is correct.
    if (!await peer.send("x").then(() => true, isGone)) return;
  }
}

function isGone(error: unknown): false {
  const { BrokenPipe, ConnectionReset } = Deno.errors;
  if (error instanceof BrokenPipe || error instanceof ConnectionReset) return false;
  throw error;
}

/** This peer speaks no TLS: there it resets its connection in the middle of its first message. */
function reset(server: Endpoint, random: Random): Promise<void> {
  using peer = new ResettingPeer(server);
  if (OVER_TLS) {
    peer.send(CLIENT_HELLO.slice(0, 1 + random.below(CLIENT_HELLO.length)));
    return Promise.resolve();
  }
  const body = new Uint8Array(64 * 1024 + random.below(LARGEST_BODY));
  peer.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
  peer.send(body);
  peer.readByte();
  return Promise.resolve();
}

async function drop(server: Endpoint, random: Random): Promise<void> {
  using peer = await RawPeer.open(server);
  await peer.send(GET.slice(0, random.below(GET.length + 1)));
}

async function badRequest(server: Endpoint, random: Random): Promise<void> {
  using connection = await HttpConnection.open(server);
  await connection.send(BAD_REQUESTS[random.below(BAD_REQUESTS.length)]!);
  const { status } = await connection.answer();
  if (status < 400 || status > 499) throw new Error(`a bad request was answered with ${status}`);
}
