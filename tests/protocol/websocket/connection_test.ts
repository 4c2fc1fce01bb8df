/**
 * The behaviour of a connection that the tables do not cover: where payloads are, ownership and amount of
 * memory, direct receive, which frames may be sent in which state, and failures.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { WEBSOCKET_LIMITS } from "../../../protocol/limits.ts";
import {
  BINARY,
  CLOSE,
  CLOSED,
  FrameReaderPool,
  MESSAGE,
  MessageBufferPool,
  NEED_DATA,
  PING,
  PONG,
  TEXT,
  WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";
import { buildFrame, concat, equalBytes, type FrameItem } from "./frame_cases.ts";

const NOTHING = new Uint8Array(0);

function makeServer(pool = new MessageBufferPool()): WebSocketConnection {
  return new WebSocketConnection(new FrameReaderPool("server", WEBSOCKET_LIMITS, pool));
}

function fromClient(...items: FrameItem[]): Uint8Array {
  return concat(items.map((item) => buildFrame(item, "server")));
}

function receive(connection: WebSocketConnection, bytes: Uint8Array): void {
  connection.receive(bytes, 0, bytes.length);
}

function lentText(connection: WebSocketConnection): string {
  const { payload, payloadStart, payloadEnd } = connection;
  return new TextDecoder().decode(payload.subarray(payloadStart, payloadEnd));
}

// ── Where payloads are ───────────────────────────────────────────────────────────────────────────

Deno.test("a whole message is a view of the bytes received, not a copy", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  const bytes = fromClient({ opcode: "TEXT", text: "Hello" });
  receive(server, bytes);
  assertEquals(server.next(), MESSAGE);
  assertStrictEquals(server.payload, bytes);
  assertEquals([server.payloadStart, server.payloadEnd, server.payloadHeadroom], [6, 11, 6]);
  assertEquals([server.opcode, lentText(server), pool.lentBytes], [TEXT, "Hello", 0]);
});

Deno.test("replies written in place do not overwrite one another", () => {
  const server = makeServer();
  const bytes = fromClient({ opcode: "TEXT", text: "one" }, { opcode: "TEXT", text: "" }, {
    opcode: "BINARY",
    text: "three",
  });
  receive(server, bytes);
  const answers: Uint8Array[] = [];
  while (server.next() === MESSAGE) {
    const { payload, payloadStart, payloadEnd, opcode } = server;
    const length = payloadEnd - payloadStart;
    const start = server.encodeHeaderBefore(payload, payloadStart, length, opcode);
    answers.push(payload.subarray(start, payloadEnd));
  }
  const expected = [[0x81, 3, ..."one"], [0x81, 0], [0x82, 5, ..."three"]].map((frame) =>
    frame.map((item) => typeof item === "string" ? item.charCodeAt(0) : item)
  );
  assertEquals(answers.map((answer) => [...answer]), expected);
});

Deno.test("a header that is cut between views still leaves room for a reply in place", () => {
  for (const length of [0, 5, 125, 126, 1000]) {
    const bytes = fromClient({ opcode: "BINARY", fill: ["61", length] });
    // Up to the end of the header, but less than the whole frame.
    for (let split = 1; split <= Math.min(bytes.length - length, bytes.length - 1); split++) {
      const server = makeServer();
      receive(server, bytes.slice(0, split));
      assertEquals(server.next(), NEED_DATA);
      server.retain();
      // The view begins at offset 0: there are no bytes before it.
      receive(server, bytes.slice(split));
      assertEquals(server.next(), MESSAGE);
      const { payload, payloadStart, payloadHeadroom } = server;
      assert(payloadHeadroom <= payloadStart, "headroom within the array");
      server.encodeHeaderBefore(payload, payloadStart, length, BINARY);
      assertEquals(server.payloadEnd - payloadStart, length);
    }
  }
});

Deno.test("unread bytes outlive their view, and more bytes may follow", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  const bytes = fromClient({ opcode: "TEXT", text: "one" }, { opcode: "TEXT", text: "two" });
  receive(server, bytes);
  assertEquals([server.next(), lentText(server)], [MESSAGE, "one"]);
  server.retain();
  bytes.fill(0xee);
  assert(pool.lentBytes > 0);
  const more = fromClient({ opcode: "TEXT", text: "three" });
  receive(server, more);
  server.retain();
  more.fill(0xee);
  assertEquals([server.next(), lentText(server)], [MESSAGE, "two"]);
  assertEquals([server.next(), lentText(server)], [MESSAGE, "three"]);
  assertEquals(server.next(), NEED_DATA);
  assertEquals(pool.lentBytes, 0);
});

// ── Memory ───────────────────────────────────────────────────────────────────────────────────────

Deno.test("an idle connection owns no buffer", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  const frames: FrameItem[] = [
    { opcode: "BINARY", fill: ["61", 100_000] },
    { opcode: "TEXT", text: "a", fin: false },
    { opcode: "PING", text: "p" },
    { opcode: "CONTINUATION", text: "b" },
  ];
  for (const byte of fromClient(...frames)) {
    server.receive(Uint8Array.of(byte), 0, 1);
    while (server.next() !== NEED_DATA);
    server.retain();
  }
  assertEquals(pool.lentBytes, 0);
  assertEquals(server.payload.length, 0, "no view is kept either");
});

Deno.test("if much is lent, a declared length allocates little, and memory grows as bytes arrive", () => {
  const pool = new MessageBufferPool(0, 0);
  const server = makeServer(pool);
  const length = 16 * 1024 * 1024;
  const bytes = fromClient({ opcode: "BINARY", fill: ["61", length] });
  const header = bytes.length - length;
  const step = 40_000;
  receive(server, bytes.slice(0, header));
  assertEquals([server.next(), pool.lentBytes], [NEED_DATA, 0]);
  for (let at = header; at < bytes.length; at += step) {
    const piece = bytes.slice(at, at + step);
    receive(server, piece);
    const event = server.next();
    const arrived = at + piece.length - header;
    const bound = Math.max(256 * 1024, 2 * arrived + 1024 * 1024);
    assert(pool.lentBytes <= bound, `${pool.lentBytes} bytes for ${arrived}`);
    assertEquals(event, arrived === length ? MESSAGE : NEED_DATA);
  }
  assert(pool.lentBytes <= length + 1024 * 1024, "not more than the message at the end");
  assertEquals(server.payloadEnd - server.payloadStart, length);
});

Deno.test("a message of many frames is moved rarely: its buffer doubles", () => {
  const pool = new MessageBufferPool(0);
  const server = makeServer(pool);
  let moves = 0;
  let lent = 0;
  for (let i = 0; i < 2_000; i++) {
    const opcode = i === 0 ? "BINARY" : "CONTINUATION";
    receive(server, fromClient({ opcode, fill: ["61", 2_000], fin: false }));
    assertEquals(server.next(), NEED_DATA);
    if (pool.lentBytes !== lent) moves++;
    lent = pool.lentBytes;
  }
  assert(moves < 20, `moved ${moves} times`);
  assert(lent < 2.2 * 4_000_000, `${lent} bytes`);
  server.dispose();
});

Deno.test("dispose gives all buffers back", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  receive(server, fromClient({ opcode: "BINARY", fill: ["61", 9000] }).slice(0, 5000));
  assertEquals(server.next(), NEED_DATA);
  receive(server, NOTHING);
  assert(pool.lentBytes > 0);
  server.dispose();
  assertEquals(pool.lentBytes, 0);
});

// ── Direct receive ───────────────────────────────────────────────────────────────────────────────

Deno.test("direct receive is offered if at least 4 KiB of a data frame are missing", () => {
  for (const [missing, wanted] of [[4095, false], [4096, true], [4097, true]] as const) {
    const server = makeServer();
    const bytes = fromClient({ opcode: "BINARY", fill: ["61", 10_000] });
    assert(!server.wantsDirect(), "not before a header");
    receive(server, bytes.slice(0, bytes.length - missing));
    assert(!server.wantsDirect(), "not while bytes are unread");
    assertEquals(server.next(), NEED_DATA);
    assertEquals(server.wantsDirect(), wanted, `${missing}`);
    if (wanted) assertEquals(server.directEnd - server.directStart, missing, "the whole rest");
    server.dispose();
  }
});

Deno.test("a direct receive never extends past the frame, and continues piece by piece", () => {
  const server = makeServer();
  const frame = fromClient({ opcode: "TEXT", fill: ["61", 700_000] });
  const next = fromClient({ opcode: "PING", text: "p" });
  let at = 100;
  receive(server, frame.slice(0, at));
  let event = server.next();
  while (event === NEED_DATA && server.wantsDirect()) {
    const { directBytes, directStart, directEnd } = server;
    assert(directEnd - directStart <= frame.length - at, "within the frame");
    const count = Math.min(directEnd - directStart, 60_001);
    directBytes.set(frame.subarray(at, at + count), directStart);
    server.receivedDirect(count);
    at += count;
    event = server.next();
  }
  receive(server, concat([frame.subarray(at), next]));
  if (event === NEED_DATA) event = server.next();
  assertEquals(event, MESSAGE);
  const text = server.payload.subarray(server.payloadStart, server.payloadEnd);
  assert(equalBytes(text, new Uint8Array(700_000).fill(0x61)));
  assertEquals(server.next(), PING);
});

Deno.test("invalid UTF-8 in a direct receive fails at once", () => {
  const server = makeServer();
  const bytes = fromClient({ opcode: "TEXT", fill: ["ff", 20_000] });
  receive(server, bytes.slice(0, bytes.length - 20_000));
  assertEquals(server.next(), NEED_DATA);
  assert(server.wantsDirect());
  server.directBytes.set(bytes.subarray(bytes.length - 20_000, -19_000), server.directStart);
  server.receivedDirect(1000);
  const error = assertThrows(() => server.next(), ProtocolError) as ProtocolError;
  assertEquals([error.code, error.closeCode], ["WS_INVALID_UTF8", 1007]);
});

Deno.test("receive withdraws the offer, and more bytes than offered are refused", () => {
  const server = makeServer();
  const bytes = fromClient({ opcode: "BINARY", fill: ["61", 9000] });
  receive(server, bytes.slice(0, 20));
  server.next();
  assert(server.wantsDirect());
  const offered = server.directEnd - server.directStart;
  assertThrows(() => server.receivedDirect(offered + 1), RangeError);
  receive(server, bytes.slice(20));
  assertThrows(() => server.receivedDirect(1), RangeError);
  assertEquals(server.next(), MESSAGE);
  assertEquals(server.payloadEnd - server.payloadStart, 9000);
});

Deno.test("a buffer that a transport may still write to is never lent again", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  receive(server, fromClient({ opcode: "BINARY", fill: ["61", 9000] }).slice(0, 20));
  server.next();
  assert(server.wantsDirect());
  const written = server.directBytes;
  server.dispose();
  server.receivedDirect(100);
  assertEquals(pool.lentBytes, 0);
  assert(pool.take(written.length) !== written);
});

// ── Sending and closing ────────────────────────────────────────────────────────────────────────

Deno.test("after our close frame nothing is sent, and data is dropped until the peer's", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  const out = new ByteBuffer();
  const frames = fromClient(
    { opcode: "TEXT", text: "begun", fin: false },
    { opcode: "CONTINUATION", fill: ["ff", 8000] },
    { opcode: "TEXT", fill: ["ff", 6000] },
    { opcode: "PING", text: "p" },
    { opcode: "CLOSE", hex: "03e9" },
    { opcode: "TEXT", text: "late" },
  );
  const [begun, cut] = [14, 1000];
  receive(server, frames.slice(0, begun));
  assertEquals(server.next(), NEED_DATA);
  assert(server.sendClose(out, 1001, "bye"));
  assertEquals(server.state, "CLOSE_SENT");
  const sent = out.length;
  assert(!server.sendMessage(out, TEXT, NOTHING, 0, 0));
  assert(!server.sendPing(out, NOTHING, 0, 0));
  assert(!server.sendClose(out, 1000));
  receive(server, frames.slice(begun, cut));
  assertEquals([server.next(), pool.lentBytes], [NEED_DATA, 0]);
  assert(!server.wantsDirect(), "what will be dropped needs no buffer");
  receive(server, frames.slice(cut));
  assertEquals(server.next(), PING);
  assert(!server.sendPong(out, NOTHING, 0, 0));
  assertEquals([server.next(), server.closeCode, server.state], [CLOSE, 1001, "CLOSED"]);
  assertEquals([server.next(), server.next(), server.closeCode], [CLOSED, CLOSED, 1001]);
  assertEquals(out.length, sent);
});

Deno.test("our close frame may be sent during a direct receive", () => {
  const pool = new MessageBufferPool();
  const server = makeServer(pool);
  const bytes = fromClient({ opcode: "TEXT", fill: ["ff", 9000] }, { opcode: "CLOSE", hex: "" });
  receive(server, bytes.slice(0, 8));
  server.next();
  assert(server.wantsDirect());
  server.sendClose(new ByteBuffer(), 1000);
  assertEquals(server.next(), NEED_DATA);
  assert(pool.lentBytes > 0, "the transport may still write there");
  server.directBytes.set(bytes.subarray(8, 5008), server.directStart);
  server.receivedDirect(5000);
  assertEquals([server.next(), pool.lentBytes], [NEED_DATA, 0]);
  receive(server, bytes.slice(5008));
  assertEquals([server.next(), server.closeCode, server.next()], [CLOSE, 1005, CLOSED]);
});

Deno.test("after the peer's close frame a message may be finished, then ours follows", () => {
  const server = makeServer();
  const out = new ByteBuffer();
  receive(server, fromClient({ opcode: "CLOSE", hex: "03e8" }));
  assertEquals([server.next(), server.state, server.next()], [CLOSE, "CLOSE_RECEIVED", NEED_DATA]);
  assert(server.sendMessage(out, TEXT, Uint8Array.of(0x61), 0, 1));
  assert(server.sendClose(out, server.closeCode));
  assertEquals([...out.view()], [0x81, 1, 0x61, 0x88, 2, 3, 0xe8]);
  assertEquals([server.next(), server.closeCode], [CLOSED, 1000]);
  assert(!server.sendClose(out, 1000));
});

Deno.test("a failed connection throws again until its close frame is sent, and reads no more", () => {
  const server = makeServer();
  const out = new ByteBuffer();
  receive(server, Uint8Array.of(0xff));
  const first = assertThrows(() => server.next(), ProtocolError) as ProtocolError;
  receive(server, fromClient({ opcode: "TEXT", text: "ignored" }));
  assertStrictEquals(assertThrows(() => server.next(), ProtocolError), first);
  assert(!server.sendMessage(out, TEXT, NOTHING, 0, 0));
  assert(server.sendClose(out, first.closeCode, first.message));
  assertEquals([out.bytes[0], out.bytes[2], out.bytes[3]], [0x88, 0x03, 0xea]);
  assertEquals([server.next(), server.closeCode, server.state], [CLOSED, 1006, "CLOSED"]);
});

Deno.test("a violation after our close frame closes the connection without a second close frame", () => {
  const server = makeServer();
  const out = new ByteBuffer();
  server.sendClose(out, 1000);
  receive(server, Uint8Array.of(0xff));
  assertThrows(() => server.next(), ProtocolError);
  assert(!server.sendClose(out, 1002));
  assertEquals([server.next(), server.closeCode], [CLOSED, 1006]);
});

Deno.test("the peer's end of stream is reported after the events before it", () => {
  const server = makeServer();
  receive(server, fromClient({ opcode: "TEXT", text: "last" }));
  server.receiveEof();
  assertEquals([server.next(), lentText(server)], [MESSAGE, "last"]);
  assertEquals([server.next(), server.closeCode, server.maySend], [CLOSED, 1006, false]);
  assert(!server.sendMessage(new ByteBuffer(), TEXT, NOTHING, 0, 0));
});

Deno.test("misuse is a TypeError or a RangeError, and appends nothing", () => {
  const server = makeServer();
  const clientReaders = new FrameReaderPool("client", WEBSOCKET_LIMITS, new MessageBufferPool());
  const client = new WebSocketConnection(clientReaders, () => 0);
  const out = new ByteBuffer();
  const long = new Uint8Array(126);
  assertThrows(() => server.sendMessage(out, PING, NOTHING, 0, 0), TypeError, "opcode");
  assertThrows(() => server.sendMessage(out, 0, NOTHING, 0, 0), TypeError, "opcode");
  assertThrows(() => server.sendPing(out, long, 0, 126), RangeError, "126 bytes");
  assertThrows(() => server.sendPong(out, long, 0, 126), RangeError, "126 bytes");
  assertThrows(() => server.sendClose(out, 1006), RangeError, "1006");
  assertEquals(server.state, "OPEN");
  assertThrows(() => client.encodeHeaderBefore(long, 20, 5, TEXT), TypeError, "client");
  assertThrows(() => new WebSocketConnection(clientReaders), TypeError, "masking keys");
  server.sendClose(new ByteBuffer(), 1000);
  assertThrows(() => server.encodeHeaderBefore(long, 20, 5, PONG), TypeError, "CLOSE_SENT");
  assertEquals(out.length, 0);
});
