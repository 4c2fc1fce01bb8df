/** Unmasking by words compared with the formula of the RFC, around every threshold. */

import { assertEquals } from "@std/assert";
import { unmask } from "../../../protocol/websocket/mask.ts";
import { Random } from "../../support/random.ts";

const KEY_BYTES = [0x81, 0x02, 0xf3, 0x94];
const KEY = 0x81 | (0x02 << 8) | (0xf3 << 16) | (0x94 << 24);

Deno.test("every length, alignment and phase", () => {
  const random = new Random(6);
  for (let offset = 0; offset < 8; offset++) {
    for (let start = 0; start < 5; start++) {
      for (let length = 0; length <= 70; length++) {
        for (let phase = 0; phase < 4; phase++) assertUnmasks(random, offset, start, length, phase);
      }
    }
  }
});

Deno.test("long ranges, and buffers whose length is not a multiple of 4", () => {
  const random = new Random(7);
  for (const length of [4093, 65536, 65537, 1_100_003]) {
    for (let start = 0; start < 4; start++) assertUnmasks(random, 0, start, length, start);
  }
});

Deno.test("a payload in pieces is unmasked like the whole payload", () => {
  const random = new Random(8);
  for (let round = 0; round < 500; round++) {
    const masked = random.bytes(1 + random.below(200));
    const expected = masked.map((byte, at) => byte ^ KEY_BYTES[at % 4]!);
    let phase = 0;
    for (let at = 0; at < masked.length;) {
      const end = at + 1 + random.below(masked.length - at);
      phase = unmask(masked, at, end, KEY, phase);
      at = end;
    }
    assertEquals(masked, expected);
  }
});

Deno.test("two buffers in turn, like a view and a collected message", () => {
  const first = new Uint8Array(64);
  const second = new Uint8Array(64);
  for (let round = 0; round < 4; round++) {
    unmask(first, 0, 64, KEY, 0);
    unmask(second, 0, 64, KEY, 0);
  }
  assertEquals([first, second], [new Uint8Array(64), new Uint8Array(64)]);
});

function assertUnmasks(
  random: Random,
  offset: number,
  start: number,
  length: number,
  phase: number,
): void {
  // Three bytes after the end, so that writing one word too many is noticed.
  const bytes = random.bytes(offset + start + length + 3).subarray(offset);
  const end = start + length;
  const expected = bytes.map((byte, at) =>
    at < start || at >= end ? byte : byte ^ KEY_BYTES[(at - start + phase) % 4]!
  );
  const next = unmask(bytes, start, end, KEY, phase);
  const label = `offset ${offset}, start ${start}, length ${length}, phase ${phase}`;
  assertEquals(next, (phase + length) % 4, label);
  if (bytes.some((byte, at) => byte !== expected[at])) throw new Error(`wrong bytes: ${label}`);
}
