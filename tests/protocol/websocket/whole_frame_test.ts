/** Which frames are read in one step, and that all others are left to the decoder: the tables of fixtures run both ways. */

import { assertEquals } from "@std/assert";
import { wholeFrameHeader, wholeFrameLength } from "../../../protocol/websocket/whole_frame.ts";
import { buildFrame, type FrameItem } from "./frame_cases.ts";

/** Bytes before and after the frame, which must not matter. */
const BEFORE = 3;

function headerOf(item: FrameItem, cut = 0, after = 0): { header: number; length: number } {
  const frame = buildFrame(item, "server");
  const bytes = new Uint8Array(BEFORE + frame.length + 200).fill(0x82);
  bytes.set(frame, BEFORE);
  const header = wholeFrameHeader(bytes, BEFORE, BEFORE + frame.length - cut + after);
  return { header, length: header === 0 ? -1 : wholeFrameLength(bytes, BEFORE, header) };
}

Deno.test("whole frame: text and binary of every length form up to 65,535 bytes, whatever follows", () => {
  for (const opcode of ["TEXT", "BINARY"]) {
    for (const count of [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535]) {
      for (const after of [0, 1, 100]) {
        const expected = { header: count <= 125 ? 6 : 8, length: count };
        assertEquals(headerOf({ opcode, fill: ["61", count] }, 0, after), expected, `${count}`);
      }
    }
  }
});

Deno.test("whole frame: a frame that lacks bytes is read in steps", () => {
  for (const count of [0, 1, 125, 126, 300]) {
    const size = count + (count <= 125 ? 6 : 8);
    for (let cut = 1; cut <= size; cut++) {
      assertEquals(headerOf({ opcode: "BINARY", fill: ["61", count] }, cut).header, 0, `${cut}`);
    }
  }
});

Deno.test("whole frame: all others are read in steps", () => {
  const text = "0123456789";
  const others: Record<string, FrameItem> = {
    "not the last one": { opcode: "TEXT", fin: false, text },
    "a continuation": { opcode: "CONTINUATION", text },
    "a close": { opcode: "CLOSE", hex: "03e8" },
    "a ping": { opcode: "PING", text },
    "a pong": { opcode: "PONG", text },
    "not masked": { opcode: "TEXT", mask: false, text },
    "not masked, 126 bytes": { opcode: "TEXT", mask: false, fill: ["61", 126] },
    "compressed": { opcode: "TEXT", rsv: 4, text },
    "another reserved bit": { opcode: "BINARY", rsv: 1, text },
    "a reserved opcode": { opcode: 3, text },
    "a length that is not minimal": { opcode: "BINARY", form: 16, text },
    "a length that is not minimal, in 8 bytes": { opcode: "BINARY", form: 64, text },
    "65,536 bytes": { opcode: "BINARY", fill: ["61", 65_536] },
  };
  for (const [name, item] of Object.entries(others)) assertEquals(headerOf(item).header, 0, name);
});
