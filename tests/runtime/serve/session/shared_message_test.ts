/**
 * Frames for many peers, compressed once: each frame on its own, once for each window, and not at all if nothing is gained.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  BINARY,
  ByteBuffer,
  encodeFrame,
  FIN,
  FrameReaderPool,
  MESSAGE,
  MessageBufferPool,
  RSV1,
  TEXT,
  WEBSOCKET_LIMITS,
  WebSocketConnection,
} from "../../../../protocol/mod.ts";
import { SharedPart } from "../../../../runtime/net/mod.ts";
import { ZlibCompression } from "../../../../runtime/serve/deflate/mod.ts";
import {
  deflatedFrames,
  type SharedFrames,
  SharedMessage,
} from "../../../../runtime/serve/session/shared_message.ts";
import { Random } from "../../../support/random.ts";
import { sameBytes } from "../../../support/same_bytes.ts";

/** Counts what it compresses. */
class CountingCompression extends ZlibCompression {
  calls = 0;

  override deflate(...parameters: Parameters<ZlibCompression["deflate"]>): number {
    this.calls++;
    return super.deflate(...parameters);
  }
}

function framesOf(messages: readonly Uint8Array[]): SharedFrames {
  const out = new ByteBuffer();
  messages.forEach((message, i) => {
    encodeFrame(out, FIN | (i % 2 === 0 ? TEXT : BINARY), message, 0, message.length);
  });
  // In the middle of an array, as a part may be.
  const bytes = new Uint8Array(out.length + 20);
  bytes.set(out.view(), 10);
  return { frame: new SharedPart(bytes, 10, 10 + out.length), count: messages.length };
}

/** What a client that negotiated compression reads. */
function readBack({ bytes, start, end }: SharedPart): Uint8Array[] {
  const pool = new MessageBufferPool();
  const readers = new FrameReaderPool("client", WEBSOCKET_LIMITS, pool, new ZlibCompression());
  const connection = new WebSocketConnection(readers, () => 0);
  connection.receive(bytes, start, end);
  const messages: Uint8Array[] = [];
  while (connection.next() === MESSAGE) {
    messages.push(connection.payload.slice(connection.payloadStart, connection.payloadEnd));
  }
  connection.dispose();
  assertEquals(pool.lentBytes, 0);
  return messages;
}

const LENGTHS = [0, 1, 125, 126, 255, 256, 257, 1000, 65_535, 65_536, 70_000, 3];

Deno.test("shared frames: each frame is compressed on its own, and short ones are left", () => {
  const compression = new CountingCompression();
  const messages = LENGTHS.map((length) => new Uint8Array(length).fill(0x61));
  const frames = framesOf(messages);
  const part = deflatedFrames(frames, 15, compression);
  assert(part.length < 3000, `${part.length} bytes`);
  assertEquals(compression.calls, LENGTHS.filter((length) => length >= 256).length);
  const back = readBack(part);
  assertEquals(back.length, messages.length);
  back.forEach((message, i) => assert(sameBytes(message, messages[i]!), `message ${i}`));
});

Deno.test("shared frames: once for each window", () => {
  const compression = new CountingCompression();
  const bytes = new TextEncoder().encode("abcdefgh".repeat(200));
  const message = new SharedMessage(TEXT, bytes, 0, bytes.length);
  const parts = [15, 10, 15, 10, 15].map((bits) => deflatedFrames(message, bits, compression));
  assertEquals(compression.calls, 2);
  assertStrictEquals(parts[0], parts[2]);
  assertStrictEquals(parts[1], parts[3]);
  assertEquals(parts[0]!.bytes[0], FIN | RSV1 | TEXT);
  assertEquals(message.frame.bytes[0], FIN | TEXT, "the plain frame is as it was");
});

Deno.test("shared frames: for many peers they are compressed again, smaller", () => {
  const compression = new CountingCompression();
  const random = new Random(7);
  const records = Array.from({ length: 30 }, () => ({ id: random.below(1e6), active: true }));
  const bytes = new TextEncoder().encode(JSON.stringify(records));
  const message = new SharedMessage(TEXT, bytes, 0, bytes.length);
  const parts = Array.from({ length: 200 }, () => deflatedFrames(message, 15, compression));
  assertEquals(new Set(parts).size, 2);
  assertEquals(compression.calls, 2);
  const [first, last] = [parts[0]!, parts.at(-1)!];
  assertStrictEquals(parts[62], first, "few peers");
  assertStrictEquals(parts[63], last);
  assert(last.length < first.length * 0.95, `${last.length} of ${first.length} bytes`);
  for (const part of [first, last]) assertEquals(readBack(part), [bytes]);
});

Deno.test("shared frames: long ones, and those that deflate does not help, are compressed once", () => {
  for (const bytes of [new Uint8Array(70_000), new Random(1).bytes(3000)]) {
    const compression = new CountingCompression();
    const message = new SharedMessage(BINARY, bytes, 0, bytes.length);
    const parts = Array.from({ length: 200 }, () => deflatedFrames(message, 15, compression));
    assertEquals([new Set(parts).size, compression.calls], [1, 1]);
  }
});

Deno.test("shared frames: what does not become smaller is the same part", () => {
  const compression = new CountingCompression();
  const frames = framesOf([new Random(1).bytes(3000), new Uint8Array(200)]);
  assertStrictEquals(deflatedFrames(frames, 15, compression), frames.frame);
  assertStrictEquals(deflatedFrames(frames, 15, compression), frames.frame);
  assertEquals(compression.calls, 1, "nor is it tried again");
  const short = new SharedMessage(BINARY, new Uint8Array(255), 0, 255);
  assertStrictEquals(deflatedFrames(short, 15, compression), short.frame);
  assertEquals(compression.calls, 1);
});
