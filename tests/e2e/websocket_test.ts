/**
 * Correct WebSocket clients: the three paths, messages of every size and shape, pings and closes; with the npm
 * client, and with raw frames if timing or packets matter.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HttpConnection } from "../support/http_client.ts";
import {
  closeCodeOf,
  closePayload,
  encodeFrame,
  handshakeRequest,
  OPCODE,
  RawWebSocket,
} from "../support/raw_websocket.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sharedServer } from "../support/shared_server.ts";
import { WsClient } from "../support/ws_client.ts";

const MEBIBYTE = 1024 * 1024;

const onServer = sharedServer("websocket", { workers: 2 });

for (const path of ["/ws", "/term"]) {
  onServer(`${path} greets, then echoes everything as binary`, async (server) => {
    await using client = await WsClient.open(server.wsUrl + path);
    assertEquals(client.negotiated, ["", ""]);
    const welcome = await client.next();
    const text = new TextDecoder().decode(welcome.data);
    assert(welcome.binary);
    assertStringIncludes(text, "=== Async Deno Terminal ===");
    assertStringIncludes(text, "\x1b[", "the welcome has no colours");
    client.send("text ✓");
    assertEquals(await client.next(), { data: utf8("text ✓"), binary: true });
    client.send(Uint8Array.of(0, 255, 10));
    assertEquals(await client.next(), { data: Uint8Array.of(0, 255, 10), binary: true });
    assertEquals(await client.close(1000), { code: 1000, reason: "" });
  });
}

onServer("/echo returns the same message type, and sends no greeting", async (server) => {
  await using client = await WsClient.open(`${server.wsUrl}/echo?any=query`);
  client.send("text ✓");
  assertEquals(await client.next(), { data: utf8("text ✓"), binary: false });
  client.send(Uint8Array.of(1, 2, 3));
  assertEquals(await client.next(), { data: Uint8Array.of(1, 2, 3), binary: true });
  client.send("");
  assertEquals(await client.next(), { data: new Uint8Array(0), binary: false });
  assertEquals(await client.close(4321, "why not"), { code: 4321, reason: "why not" });
});

onServer("no subprotocol and no extension is accepted", async (server) => {
  await using client = await WsClient.open(`${server.wsUrl}/echo`, {
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-unknown",
  });
  assertEquals(client.negotiated, ["", ""]);
  client.send("a".repeat(5_000));
  assertEquals((await client.next()).data.length, 5_000);
});

onServer("messages of every length around each threshold come back", async (server) => {
  await using client = await WsClient.open(`${server.wsUrl}/echo`);
  const sizes = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 4_095, 4_096, 4_097, 65_530];
  for (const size of [...sizes, 65_535, 65_536, 65_537, 131_072, 262_144, 262_145]) {
    const data = Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) & 255);
    client.send(data);
    const echo = await client.next();
    assert(sameBytes(echo.data, data), `${size} bytes came back changed`);
  }
});

onServer("1 MiB of text and of binary comes back on every path", async (server) => {
  const text = "0123456789abcde\n".repeat(MEBIBYTE / 16);
  for (const path of ["/echo", "/ws"]) {
    await using client = await WsClient.open(server.wsUrl + path);
    if (path === "/ws") await client.next();
    client.send(text);
    assert(await client.nextText() === text, `text on ${path}`);
    client.send(utf8(text));
    assert(await client.nextText() === text, `binary on ${path}`);
  }
});

onServer(
  "fragments make one message, and a ping between them is answered at once",
  async (server) => {
    await using client = await WsClient.open(`${server.wsUrl}/echo`);
    client.sendFragments(["frag", "", "men", "ted"]);
    assertEquals(await client.next(), { data: utf8("fragmented"), binary: false });
    using raw = await RawWebSocket.open(server, "/echo");
    await raw.send({ opcode: OPCODE.text, payload: Uint8Array.of(0xe2, 0x82), fin: false });
    await raw.send({ opcode: OPCODE.ping, payload: "between" });
    const pong = await raw.frame();
    assertEquals([pong.opcode, pong.payload], [OPCODE.pong, utf8("between")]);
    await raw.send({ opcode: OPCODE.continuation, payload: Uint8Array.of(0xac) });
    const echo = await raw.frame();
    assertEquals([echo.opcode, echo.fin, echo.payload], [OPCODE.text, true, utf8("€")]);
  },
);

onServer(
  "4 MiB in fragments of 64 bytes, as in Autobahn 9.3.1 and 9.4.1, comes back",
  async (server) => {
    for (const opcode of [OPCODE.text, OPCODE.binary]) {
      // Some clients end a message with an empty frame: one frame more than the payload needs.
      for (const lastSize of [64, 0]) {
        using raw = await RawWebSocket.open(server, "/echo");
        const count = 65_536 + (lastSize === 0 ? 1 : 0);
        const sending = raw.connection.send(fragmentsOf64(opcode, count, lastSize));
        const echo = await raw.frame();
        await sending;
        assertEquals([echo.opcode, echo.fin, echo.payload.length], [opcode, true, 4 * MEBIBYTE]);
        assert(echo.payload.every((byte) => byte === 0x2a));
      }
    }
  },
);

onServer("a close frame is answered with its code and reason", async (server) => {
  for (const path of ["/echo", "/ws"]) {
    for (const [code, reason] of [[1000, ""], [1001, "bye"], [4999, "\ufeffé€😀"]] as const) {
      using raw = await RawWebSocket.open(server, path);
      if (path === "/ws") await raw.frame();
      const payload = closePayload(code, reason);
      await raw.send({ opcode: OPCODE.close, payload });
      const answer = await raw.frame();
      assertEquals([answer.opcode, answer.payload], [OPCODE.close, payload]);
      await raw.connection.expectEnd();
    }
    using longest = await RawWebSocket.open(server, path);
    if (path === "/ws") await longest.frame();
    const payload = closePayload(3000, "r".repeat(123));
    await longest.send({ opcode: OPCODE.close, payload });
    assertEquals((await longest.frame()).payload, payload);
  }
});

onServer("a key of 22 base64 digits is accepted, whatever its pad bits are", async (server) => {
  for (const [key, status] of [["dGhlIHNhbXBsZSBub25jZR==", 101], ["a".repeat(23) + "=", 400]]) {
    using connection = await HttpConnection.open(server);
    await connection.send(handshakeRequest("/echo", { "Sec-WebSocket-Key": `${key}` }));
    assertEquals((await connection.answer()).status, status);
  }
});

onServer(
  "a ping is answered with its payload, an unsolicited pong is not answered",
  async (server) => {
    using raw = await RawWebSocket.open(server, "/echo");
    await raw.send({ opcode: OPCODE.pong, payload: "unasked" });
    for (const payload of ["", "p", "x".repeat(125)]) {
      await raw.send({ opcode: OPCODE.ping, payload });
      const pong = await raw.frame();
      assertEquals([pong.opcode, pong.fin, pong.payload], [OPCODE.pong, true, utf8(payload)]);
    }
  },
);

onServer(
  "frames in one packet, and frames sent byte by byte, are answered in order",
  async (server) => {
    using raw = await RawWebSocket.open(server, "/echo");
    const texts = Array.from({ length: 500 }, (_, i) => `message ${i}`);
    const packet = texts.flatMap((payload) => [...encodeFrame({ opcode: OPCODE.text, payload })]);
    await raw.connection.send(Uint8Array.from(packet));
    for (const text of texts) assertEquals((await raw.frame()).payload, utf8(text));
    for (const byte of encodeFrame({ opcode: OPCODE.binary, payload: "x".repeat(130) })) {
      await raw.connection.send(Uint8Array.of(byte));
    }
    assertEquals((await raw.frame()).payload.length, 130);
  },
);

onServer("a client that reads late gets every message", async (server) => {
  using raw = await RawWebSocket.open(server, "/echo");
  const payload = new Uint8Array(MEBIBYTE).fill(97);
  const frame = encodeFrame({ opcode: OPCODE.binary, payload });
  const sending = (async () => {
    for (let i = 0; i < 32; i++) await raw.connection.send(frame);
    await raw.send({ opcode: OPCODE.close });
  })();
  for (let i = 0; i < 32; i++) assertEquals((await raw.frame()).payload.length, MEBIBYTE);
  assertEquals(closeCodeOf(await raw.frame()), 1005);
  await Promise.all([sending, raw.connection.expectEnd()]);
});

onServer("nothing is echoed after a close", async (server) => {
  using raw = await RawWebSocket.open(server, "/echo");
  const close = encodeFrame({ opcode: OPCODE.close, payload: Uint8Array.of(3, 232) });
  const late = encodeFrame({ opcode: OPCODE.text, payload: "late" });
  await raw.connection.send(Uint8Array.of(...close, ...late));
  assertEquals(closeCodeOf(await raw.frame()), 1000);
  await raw.connection.expectEnd();
});

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A message of `count` frames of 64 bytes each; the last has `lastSize`. */
function fragmentsOf64(opcode: number, count: number, lastSize: number): Uint8Array {
  const payload = new Uint8Array(64).fill(0x2a);
  const first = encodeFrame({ opcode, payload, fin: false });
  const middle = encodeFrame({ opcode: OPCODE.continuation, payload, fin: false });
  const last = encodeFrame({ opcode: OPCODE.continuation, payload: payload.subarray(0, lastSize) });
  const bytes = new Uint8Array(first.length * (count - 1) + last.length);
  for (let i = 0; i < count - 1; i++) bytes.set(i === 0 ? first : middle, i * first.length);
  bytes.set(last, bytes.length - last.length);
  return bytes;
}
