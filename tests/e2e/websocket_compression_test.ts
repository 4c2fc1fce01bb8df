/**
 * `--websocket-compression`: permessage-deflate with real clients, with frames that no client would send, and with bombs.
 */

import { assert, assertEquals } from "@std/assert";
import zlib from "node:zlib";
import { withAdmin } from "../support/admin.ts";
import { DeflateClient, type DeflateOptions } from "../support/deflate_client.ts";
import { field, HttpConnection } from "../support/http_client.ts";
import { Metrics } from "../support/metrics.ts";
import {
  closeCodeOf,
  encodeFrame,
  type FrameToSend,
  handshakeRequest,
  OPCODE,
  RawWebSocket,
} from "../support/raw_websocket.ts";
import { type Server, withServer } from "../support/server.ts";
import { residentBytes } from "./faults/process_size.ts";

const MEBIBYTE = 1024 * 1024;
const NO_CONTEXT = "server_no_context_takeover; client_no_context_takeover";
const BROWSER = "permessage-deflate; client_max_window_bits";

/** JSON as a server sends it. */
function textOf(length: number): string {
  const row = '{"id":12345,"name":"Ada Lovelace","tags":["a","b"],"price":17.5},\n';
  return row.repeat(Math.ceil(length / row.length)).slice(0, length);
}

function withCompression(
  run: (server: Server) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  return withServer({ workers: 2, args: ["--websocket-compression", ...args] }, run);
}

/** A raw WebSocket after a handshake with this offer, and what was answered. */
async function openRaw(
  server: Server,
  offer: string,
  path = "/echo",
): Promise<{ socket: RawWebSocket; answer: string | undefined }> {
  const connection = await HttpConnection.open(server);
  await connection.send(handshakeRequest(path, { "Sec-WebSocket-Extensions": offer }));
  const answer = await connection.answer();
  assertEquals(answer.status, 101);
  return {
    socket: new RawWebSocket(connection),
    answer: field(answer, "sec-websocket-extensions"),
  };
}

/** As a client compresses a message. */
function deflated(message: string | Uint8Array, options: zlib.ZlibOptions = {}): Uint8Array {
  const flush = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  return new Uint8Array(zlib.deflateRawSync(message, { ...flush, ...options })).slice(0, -4);
}

Deno.test("websocket compression: off unless it is switched on", () =>
  withServer({ workers: 1 }, async (server) => {
    const { socket, answer } = await openRaw(server, BROWSER);
    using _ = socket;
    assertEquals(answer, undefined);
    await socket.send({ opcode: OPCODE.text, payload: deflated("x".repeat(300)), reserved: 4 });
    assertEquals(closeCodeOf(await socket.frame()), 1002);
  }));

Deno.test("websocket compression: every path negotiates, and a client without it is served as before", () =>
  withCompression(async (server) => {
    for (const path of ["/echo", "/ws", "/term"]) {
      const { socket, answer } = await openRaw(server, BROWSER, path);
      using _ = socket;
      assertEquals(answer, `permessage-deflate; ${NO_CONTEXT}`);
    }
    await using plain = await DeflateClient.open(`${server.wsUrl}/echo`, false);
    assertEquals(plain.extensions, "");
    plain.send(textOf(5000));
    const echo = await plain.next();
    assertEquals([echo.data.length, echo.compressed], [5000, false]);
  }));

const OPTIONS: readonly DeflateOptions[] = [
  {},
  { serverNoContextTakeover: true },
  { clientNoContextTakeover: true },
  { serverMaxWindowBits: 8 },
  { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  { serverMaxWindowBits: 15, clientMaxWindowBits: true },
  { clientMaxWindowBits: 12, clientNoContextTakeover: true, serverNoContextTakeover: true },
];
for (const options of OPTIONS) {
  Deno.test(`websocket compression: the client ws with ${JSON.stringify(options)}`, () =>
    withCompression(async (server) => {
      await using client = await DeflateClient.open(`${server.wsUrl}/echo`, {
        threshold: 0,
        ...options,
      });
      assertEquals(client.extensions, "permessage-deflate");
      for (const size of [0, 1, 125, 126, 255, 256, 257, 4096, 4097, 65_535, 65_536, 300_000]) {
        const text = textOf(size);
        client.send(text);
        const echo = await client.next();
        assertEquals([new TextDecoder().decode(echo.data), echo.binary], [text, false]);
        assertEquals(echo.compressed, size >= 256, `${size} bytes`);
      }
      client.sendFragments([textOf(100), "", textOf(9000), "é", textOf(3)]);
      const whole = textOf(100) + textOf(9000) + "é" + textOf(3);
      assertEquals(await client.nextText(), whole);
      const noise = crypto.getRandomValues(new Uint8Array(10_000));
      client.send(noise);
      const same = await client.next();
      assertEquals([same.data, same.binary, same.compressed], [noise, true, false]);
      client.send(textOf(1000), false);
      assertEquals((await client.next()).compressed, true);
    }));
}

Deno.test("websocket compression: many messages in a row, and pings between fragments", () =>
  withCompression(async (server) => {
    const { socket } = await openRaw(server, BROWSER);
    using _ = socket;
    const message = textOf(20_000);
    const payload = deflated(message);
    const cuts = [0, 1, 2, 50, payload.length - 1, payload.length];
    for (let i = 0; i + 1 < cuts.length; i++) {
      await socket.send({
        opcode: i === 0 ? OPCODE.text : OPCODE.continuation,
        payload: payload.subarray(cuts[i], cuts[i + 1]),
        fin: i === cuts.length - 2,
        reserved: i === 0 ? 4 : 0,
      });
      await socket.send({ opcode: OPCODE.ping, payload: `${i}` });
    }
    for (let i = 0; i + 2 < cuts.length; i++) {
      assertEquals((await socket.frame()).opcode, OPCODE.pong);
    }
    // The last pong is behind the message, which is read byte by byte here: its first byte has RSV1.
    const [first] = await socket.connection.bytes(1) as Uint8Array & [number];
    assertEquals(first, 0xc1);
  }));

const DECLINED = [
  "permessage-deflate; server_max_window_bits=7",
  "permessage-deflate; server_max_window_bits=16",
  "permessage-deflate; server_max_window_bits",
  "permessage-deflate; client_max_window_bits=08",
  "permessage-deflate; server_no_context_takeover=1",
  "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
  "permessage-deflate; unknown",
  "permessage-deflate2",
  "x-webkit-deflate-frame",
];
Deno.test("websocket compression: of several offers the first one that can be is accepted, and others are declined", () =>
  withCompression(async (server) => {
    const message = textOf(1000);
    for (const declined of DECLINED) {
      const { socket, answer } = await openRaw(server, declined);
      using _ = socket;
      assertEquals(answer, undefined, declined);
      await socket.send({ opcode: OPCODE.text, payload: message });
      assertEquals((await socket.frame()).payload, new TextEncoder().encode(message));
    }
    const offers = [...DECLINED, "permessage-deflate; server_max_window_bits=10", BROWSER];
    const { socket, answer } = await openRaw(server, offers.join(", "));
    using _ = socket;
    assertEquals(answer, `permessage-deflate; ${NO_CONTEXT}; server_max_window_bits=10`);
  }));

const WRONG: readonly [name: string, code: number, frames: FrameToSend[]][] = [
  ["RSV2", 1002, [{ opcode: OPCODE.text, payload: "a", reserved: 2 }]],
  ["RSV1 with RSV3", 1002, [{ opcode: OPCODE.text, payload: "a", reserved: 5 }]],
  ["RSV1 on a ping", 1002, [{ opcode: OPCODE.ping, payload: "a", reserved: 4 }]],
  ["RSV1 on a close", 1002, [{ opcode: OPCODE.close, reserved: 4 }]],
  ["RSV1 on a continuation", 1002, [
    { opcode: OPCODE.text, payload: deflated("ab").slice(0, 1), fin: false, reserved: 4 },
    { opcode: OPCODE.continuation, payload: "a", reserved: 4 },
  ]],
  ["RSV1 on the continuation of a plain message", 1002, [
    { opcode: OPCODE.text, payload: "a", fin: false },
    { opcode: OPCODE.continuation, payload: "a", reserved: 4 },
  ]],
  ["data that is no DEFLATE", 1007, [
    { opcode: OPCODE.binary, payload: Uint8Array.of(0xff, 0xff, 1), reserved: 4 },
  ]],
  ["a message that is cut off", 1007, [
    { opcode: OPCODE.binary, payload: deflated(textOf(500)).slice(0, -3), reserved: 4 },
  ]],
  ["text that is not UTF-8 when it is inflated", 1007, [
    { opcode: OPCODE.text, payload: deflated(Uint8Array.of(0x61, 0xc3, 0x28)), reserved: 4 },
  ]],
  ["text that ends inside of a character", 1007, [
    { opcode: OPCODE.text, payload: deflated(Uint8Array.of(0x61, 0xc3)), reserved: 4 },
  ]],
];
for (const [name, code, frames] of WRONG) {
  Deno.test(`websocket compression: ${name} closes with ${code}`, () =>
    withCompression(async (server) => {
      const { socket } = await openRaw(server, BROWSER);
      using _ = socket;
      await socket.connection.send(
        new Uint8Array(frames.flatMap((frame) => [...encodeFrame(frame)])),
      );
      assertEquals(closeCodeOf(await socket.frame()), code);
      // The worker's streams are shared: the next connection is not affected.
      await using next = await DeflateClient.open(`${server.wsUrl}/echo`);
      next.send(textOf(1000));
      assertEquals(await next.nextText(), textOf(1000));
    }));
}

Deno.test("websocket compression: --max-message counts what is inflated, exactly", () =>
  withCompression(async (server) => {
    const { socket } = await openRaw(server, BROWSER);
    using _ = socket;
    await socket.send({
      opcode: OPCODE.binary,
      payload: deflated(new Uint8Array(65_536)),
      reserved: 4,
    });
    assertEquals((await socket.connection.bytes(1))[0], 0xc2);
    const { socket: second } = await openRaw(server, BROWSER);
    using __ = second;
    await second.send({
      opcode: OPCODE.binary,
      payload: deflated(new Uint8Array(65_537)),
      reserved: 4,
    });
    assertEquals(closeCodeOf(await second.frame()), 1009);
  }, ["--max-message", "64KiB"]));

Deno.test("websocket compression: bombs end with 1009, and take no memory", () =>
  withCompression(async (server) => {
    const bomb = deflated(new Uint8Array(256 * MEBIBYTE), { level: 9 });
    assert(bomb.length < 300_000);
    const burst = async () => {
      const { socket } = await openRaw(server, BROWSER);
      using _ = socket;
      await socket.send({ opcode: OPCODE.binary, payload: bomb, reserved: 4 });
      assertEquals(closeCodeOf(await socket.frame()), 1009);
    };
    await burst();
    const before = residentBytes(server.pid);
    for (let i = 0; i < 20; i++) await burst();
    const grown = residentBytes(server.pid) - before;
    assert(grown < 64 * MEBIBYTE, `${grown} bytes more after 20 bombs of 256 MiB each`);
  }));

Deno.test("websocket compression: the metrics tell what is saved", () =>
  withAdmin({ workers: 2, args: ["--websocket-compression"] }, async (server, admin) => {
    await using client = await DeflateClient.open(`${server.wsUrl}/echo`);
    const before = client.bytesRead;
    client.send(textOf(100_000));
    await client.next();
    const wire = client.bytesRead - before;
    const metrics = await Metrics.of(admin);
    const saved = (direction: string) =>
      metrics.sum("async_deno_websocket_compression_saved_bytes_total", { direction });
    assert(wire < 10_000);
    // The frame's header has 4 bytes.
    assertEquals(saved("sent"), 100_000 - wire + 4);
    assert(saved("received") > 90_000);
    assertEquals(metrics.sum("async_deno_websockets_compressed_opened_total"), 1);
  }));
