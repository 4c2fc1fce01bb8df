import { assert, assertEquals } from "@std/assert";
import { MessageBufferPool } from "../../../../protocol/mod.ts";
import { RequestBody } from "../../../../runtime/serve/session/request_body.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { sameBytes } from "../../../support/same_bytes.ts";

const KIB = 1024;

function contentOf(body: RequestBody): string {
  return textOf(body.bytes.subarray(body.start, body.end));
}

Deno.test("request body: a body in one piece is a view, not a copy", () => {
  const body = new RequestBody(new MessageBufferPool());
  const bytes = bytesOf("..hello..");
  body.begin(5);
  body.add(bytes, 2, 7);
  assertEquals(contentOf(body), "hello");
  assertEquals(body.bytes, bytes);
  assert(body.bytes === bytes);
});

Deno.test("request body: pieces whose views are reused become one contiguous range", () => {
  for (const contentLength of [11, -1]) {
    const body = new RequestBody(new MessageBufferPool());
    const view = new Uint8Array(8);
    body.begin(contentLength);
    for (const piece of ["hell", "", "o wo", "rld"]) {
      view.set(bytesOf(piece));
      body.add(view, 0, piece.length);
      body.keep();
      view.fill(0xee);
    }
    assertEquals(contentOf(body), "hello world");
  }
});

Deno.test("request body: several pieces of one view, such as chunks, become one contiguous range", () => {
  const body = new RequestBody(new MessageBufferPool());
  const view = bytesOf("abc--def--g");
  body.begin(-1);
  body.add(view, 0, 3);
  body.add(view, 5, 8);
  body.add(view, 10, 11);
  assertEquals(contentOf(body), "abcdefg");
});

Deno.test("request body: a long body is received directly into a buffer of the pool, which gets it back", () => {
  const pool = new MessageBufferPool();
  const body = new RequestBody(pool);
  const length = 700 * KIB;
  body.begin(length);
  body.add(bytesOf("begun"), 0, 5);
  body.keep();
  assertEquals(body.directRoom, length - 5);
  body.bytes.fill(0x61, body.end, body.end + length - 5);
  const { bytes, end } = body;
  body.add(bytes, end, end + length - 5);
  assertEquals([body.bytes === bytes, body.end - body.start], [true, length]);
  assert(pool.lentBytes >= length);
  body.clear();
  assertEquals([pool.lentBytes, contentOf(body)], [0, ""]);
});

Deno.test("request body: for a body of unknown length the buffer doubles", () => {
  const pool = new MessageBufferPool(0);
  const body = new RequestBody(pool);
  body.begin(-1);
  let moves = 0;
  let last = body.bytes;
  for (let i = 0; i < 2_000; i++) {
    body.add(new Uint8Array(2 * KIB), 0, 2 * KIB);
    body.keep();
    if (body.bytes !== last) moves++;
    last = body.bytes;
  }
  assert(moves < 20, `moved ${moves} times`);
  assert(pool.lentBytes < 2.2 * 4_000 * KIB);
});

Deno.test("request body: if the pool is exhausted, the buffer grows in steps instead of to the announced length", () => {
  const body = new RequestBody(new MessageBufferPool(0, 0));
  const whole = Uint8Array.from({ length: 700 * KIB }, (_, i) => i * 31 >> 3);
  body.begin(whole.length);
  body.add(whole.slice(0, 10), 0, 10);
  body.keep();
  let most = 0;
  for (let at = 10; at < whole.length;) {
    const room = body.directRoom;
    most = Math.max(most, body.bytes.length);
    assert(body.bytes.length <= 2 * (at + 256 * KIB), "memory follows what came");
    const count = Math.min(room > 0 ? Math.min(room, 100 * KIB) : 5000, whole.length - at);
    const piece = whole.slice(at, at + count);
    if (room > 0) {
      body.bytes.set(piece, body.end);
      body.add(body.bytes, body.end, body.end + count);
    } else {
      body.add(piece, 0, count);
    }
    body.keep();
    at += count;
  }
  assert(most >= 256 * KIB);
  assertEquals(body.directRoom, 0);
  assert(sameBytes(body.bytes.subarray(body.start, body.end), whole));
});

Deno.test("request body: direct room is offered only for a rest that is worth a receive of its own", () => {
  const body = new RequestBody(new MessageBufferPool());
  body.begin(10 * KIB);
  body.add(new Uint8Array(10), 0, 10);
  body.keep();
  assertEquals(body.directRoom, 0, "a short rest");
  body.begin(100 * KIB);
  assertEquals(body.directRoom, 0, "before anything was kept");
  body.keep();
  assert(body.directRoom >= 16 * KIB);
  body.begin(-1);
  body.add(new Uint8Array(10), 0, 10);
  body.keep();
  assertEquals(body.directRoom, 0, "the length is unknown");
});

Deno.test("request body: the next one begins empty", () => {
  const body = new RequestBody(new MessageBufferPool());
  body.begin(40 * KIB);
  body.add(bytesOf("first"), 0, 5);
  body.keep();
  body.begin(6);
  assertEquals([body.start, body.end, body.directRoom], [0, 0, 0]);
  body.add(bytesOf("second"), 0, 6);
  assertEquals(contentOf(body), "second");
});
