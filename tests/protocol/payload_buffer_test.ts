/** What a peer only announces takes little memory, and takes none from others. */

import { assert, assertEquals } from "@std/assert";
import { MessageBufferPool, PayloadBuffer } from "../../protocol/mod.ts";

const MEBIBYTE = 1024 * 1024;
const PREALLOCATED = 64 * MEBIBYTE;
/** What a transport asks room for before it receives. */
const FIRST = 4096;

function announce(pool: MessageBufferPool, length: number): PayloadBuffer {
  const payload = new PayloadBuffer(pool);
  payload.makeRoom(FIRST, length);
  return payload;
}

Deno.test("payload buffer: four peers that announce 16 MiB leave room to preallocate 1 MiB for others", () => {
  const pool = new MessageBufferPool(0, PREALLOCATED);
  const liars = [1, 2, 3, 4].map(() => announce(pool, 16 * MEBIBYTE));
  assert(pool.lentBytes < PREALLOCATED / 2, `${pool.lentBytes} bytes for announcements alone`);
  const others = Array.from({ length: 20 }, () => announce(pool, MEBIBYTE));
  for (const { bytes } of others) assert(bytes.length >= MEBIBYTE, `${bytes.length}`);
  for (const payload of [...liars, ...others]) payload.release();
  assertEquals(pool.lentBytes, 0);
});

Deno.test("payload buffer: however many declare much, the pool preallocates no more than its limit", () => {
  const pool = new MessageBufferPool(0, PREALLOCATED);
  for (let i = 0; i < 100; i++) announce(pool, 16 * MEBIBYTE);
  // Beyond that each has the 256 KiB that everybody has.
  assert(pool.lentBytes <= PREALLOCATED + 100 * 512 * 1024, `${pool.lentBytes}`);
});

Deno.test("payload buffer: beyond what is preallocated, it has at most twice what has arrived", () => {
  const pool = new MessageBufferPool(0, PREALLOCATED);
  const length = 16 * MEBIBYTE;
  const payload = new PayloadBuffer(pool);
  const piece = new Uint8Array(100_000).fill(7);
  let moves = 0;
  for (let arrived = 0; arrived < length;) {
    const count = Math.min(piece.length, length - arrived);
    const before = payload.bytes;
    payload.append(piece, 0, count, length - arrived);
    if (payload.bytes !== before) moves++;
    arrived += count;
    assert(payload.bytes.length <= Math.max(PREALLOCATED / 8, 2 * arrived) + 64 * 1024);
  }
  assertEquals([payload.length, moves], [length, 2]);
  assert(payload.bytes.subarray(payload.start, payload.end).every((byte) => byte === 7));
});
