/** Encoded frames: the examples of the RFC, every length threshold, and headers written in place. */

import { assertEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import {
  encodeFrame,
  encodeHeaderBefore,
  encodeMaskedFrame,
} from "../../../protocol/websocket/frame_encoder.ts";
import { writeFrameHeader } from "../../../protocol/websocket/frame_header.ts";
import { BINARY, FIN, TEXT } from "../../../protocol/websocket/mod.ts";
import { buildFrame, equalBytes } from "./frame_cases.ts";

const HELLO = new TextEncoder().encode("Hello");
const KEY = 0x37 | (0xfa << 8) | (0x21 << 16) | (0x3d << 24);

Deno.test("the frames of RFC 6455 section 5.7", () => {
  const out = new ByteBuffer();
  encodeFrame(out, FIN | TEXT, HELLO, 0, 5);
  assertEquals([...out.view()], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
  out.clear();
  encodeMaskedFrame(out, FIN | TEXT, HELLO, 0, 5, KEY);
  const masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
  assertEquals([...out.view()], masked);
  assertEquals([...HELLO], [...new TextEncoder().encode("Hello")], "the payload is not masked");
});

Deno.test("every length around every threshold, masked, unmasked and in place", () => {
  for (const length of [0, 1, 47, 48, 49, 124, 125, 126, 127, 65534, 65535, 65536, 65537]) {
    const payload = new Uint8Array(length + 20).fill(0x61);
    const out = new ByteBuffer(1);
    out.appendByte(0xff);
    encodeFrame(out, FIN | BINARY, payload, 10, 10 + length);
    const frame = buildFrame({ opcode: "BINARY", fill: ["61", length] }, "client");
    assertSame(out.view().subarray(1), frame, `${length}`);
    const start = encodeHeaderBefore(payload, 10, length, FIN | BINARY);
    assertSame(payload.subarray(start, 10 + length), frame, `${length} in place`);
    out.clear();
    encodeMaskedFrame(out, FIN | BINARY, new Uint8Array(length).fill(0x61), 0, length, KEY);
    const masked = buildFrame({ opcode: "BINARY", fill: ["61", length] }, "server");
    assertSame(out.view(), masked, `${length} masked`);
  }
});

Deno.test("a header written in place needs room before the payload", () => {
  assertThrows(() => encodeHeaderBefore(new Uint8Array(10), 1, 5, FIN | TEXT), RangeError);
  assertThrows(() => encodeHeaderBefore(new Uint8Array(200), 3, 126, FIN | TEXT), RangeError);
  assertEquals(encodeHeaderBefore(new Uint8Array(10), 2, 5, FIN | TEXT), 0);
});

Deno.test("a length above 32 bits is written completely", () => {
  const bytes = new Uint8Array(10);
  writeFrameHeader(bytes, 0, FIN | BINARY, 2 ** 40 + 0x01020304, 0);
  assertEquals([...bytes], [0x82, 0x7f, 0, 0, 1, 0, 1, 2, 3, 4]);
});

function assertSame(actual: Uint8Array, expected: Uint8Array, label: string): void {
  if (!equalBytes(actual, expected)) throw new Error(`wrong frame: ${label}`);
}
