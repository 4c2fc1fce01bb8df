/**
 * An idle connection holds no frame reader, and a reader never passes state of one connection to the next.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../protocol/errors.ts";
import { WEBSOCKET_LIMITS } from "../../../protocol/limits.ts";
import {
  CLOSE,
  FrameReaderPool,
  MESSAGE,
  MessageBufferPool,
  NEED_DATA,
  PING,
  WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";
import { buildFrame, concat, type FrameItem } from "./frame_cases.ts";

function makePool(): FrameReaderPool {
  return new FrameReaderPool("server", WEBSOCKET_LIMITS, new MessageBufferPool());
}

function fromClient(...items: FrameItem[]): Uint8Array {
  return concat(items.map((item) => buildFrame(item, "server")));
}

/** All events of `bytes` until NEED_DATA; then the view is released. */
function feed(connection: WebSocketConnection, bytes: Uint8Array): number[] {
  const events: number[] = [];
  connection.receive(bytes, 0, bytes.length);
  for (let event = connection.next(); event !== NEED_DATA; event = connection.next()) {
    events.push(event);
  }
  connection.retain();
  return events;
}

Deno.test("a connection has a reader from its first byte until all bytes are consumed", () => {
  const pool = makePool();
  const connection = new WebSocketConnection(pool);
  assertEquals([connection.next(), pool.lent], [NEED_DATA, 0]);
  const bytes = fromClient({ opcode: "TEXT", text: "one" }, { opcode: "PING", text: "p" });
  connection.receive(bytes, 0, bytes.length);
  assertEquals([connection.next(), pool.lent], [MESSAGE, 1]);
  assertEquals([connection.next(), pool.lent], [PING, 1]);
  assertEquals([connection.next(), pool.lent], [NEED_DATA, 0]);
  assertEquals([connection.payload.length, connection.payloadEnd, connection.opcode], [0, 0, 0]);
});

Deno.test("a connection has a reader inside a message and none between two, split at every byte", () => {
  const bytes = fromClient(
    { opcode: "TEXT", text: "héllo", fin: false },
    { opcode: "PING", text: "between" },
    { opcode: "CONTINUATION", text: "wörld" },
  );
  const next = fromClient({ opcode: "BINARY", fill: ["61", 300] });
  for (let cut = 1; cut < bytes.length; cut++) {
    const pool = makePool();
    const connection = new WebSocketConnection(pool);
    const other = new WebSocketConnection(pool);
    const before = feed(connection, bytes.slice(0, cut));
    assertEquals(pool.lent, 1, `cut at ${cut}`);
    assertEquals(feed(other, next.slice()), [MESSAGE]);
    assertEquals([...before, ...feed(connection, bytes.slice(cut))], [PING, MESSAGE]);
    assertEquals(pool.lent, 0, `cut at ${cut}`);
  }
});

Deno.test("a connection with unread bytes keeps its reader when the view ends", () => {
  const pool = makePool();
  const connection = new WebSocketConnection(pool);
  const bytes = fromClient({ opcode: "TEXT", text: "one" }, { opcode: "TEXT", text: "two" });
  connection.receive(bytes, 0, bytes.length);
  assertEquals(connection.next(), MESSAGE);
  connection.retain();
  assertEquals(pool.lent, 1);
  assertEquals([connection.next(), connection.next(), pool.lent], [MESSAGE, NEED_DATA, 0]);
});

Deno.test("a reader is not reused after a violation, a close or the end of stream inside a message", () => {
  const half = fromClient({ opcode: "TEXT", text: "half a message", fin: false });
  const hostile: [string, Uint8Array][] = [
    ["a reserved opcode", Uint8Array.of(0x83)],
    ["no mask", Uint8Array.of(0x81, 0x05)],
    ["a length that is not minimal", Uint8Array.of(0x81, 0xfe, 0x00, 0x05)],
    ["a key cut short", Uint8Array.of(0x81, 0x85, 1, 2)],
    ["no UTF-8", fromClient({ opcode: "TEXT", hex: "c3c3" })],
    ["half a character", fromClient({ opcode: "TEXT", hex: "c3" })],
    ["a message within another", concat([half, fromClient({ opcode: "TEXT", text: "x" })])],
    ["a close within a message", concat([half, fromClient({ opcode: "CLOSE", hex: "03e8" })])],
    ["a bad close", fromClient({ opcode: "CLOSE", hex: "03" })],
    ["half a message", half],
  ];
  const pool = makePool();
  for (const [name, bytes] of hostile) {
    // Whole, and byte by byte: a header that fails in one piece leaves different state.
    for (const step of [bytes.length, 1]) {
      const connection = new WebSocketConnection(pool);
      breakOff(connection, bytes.slice(), step);
      connection.dispose();
      assertEquals(pool.lent, 0, name);
      const next = new WebSocketConnection(pool);
      assertEquals(feed(next, fromClient({ opcode: "TEXT", text: "é" })), [MESSAGE], name);
    }
  }
});

/** Feeds `bytes`, `step` at a time, up to their end, a close frame or a violation. */
function breakOff(connection: WebSocketConnection, bytes: Uint8Array, step: number): void {
  for (let at = 0; at < bytes.length; at += step) {
    connection.receive(bytes, at, Math.min(at + step, bytes.length));
    try {
      if (connection.next() === CLOSE) return;
    } catch (error) {
      assert(error instanceof ProtocolError);
      return;
    }
    connection.retain();
  }
}

Deno.test("after a failure the connection holds no reader and takes no other", () => {
  const pool = makePool();
  const connection = new WebSocketConnection(pool);
  connection.receive(Uint8Array.of(0xff), 0, 1);
  assertThrows(() => connection.next(), ProtocolError);
  connection.receive(fromClient({ opcode: "TEXT", text: "late" }), 0, 6);
  assertEquals(pool.lent, 0);
});
