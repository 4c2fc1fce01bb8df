import { assertEquals, assertStrictEquals } from "@std/assert";
import { InputBuffer } from "../../../protocol/http1/input_buffer.ts";
import { Random } from "../../support/random.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";

function content(buffer: InputBuffer): string {
  return textOf(buffer.bytes.subarray(buffer.start, buffer.end));
}

Deno.test("received bytes are a view if no bytes are left over", () => {
  const buffer = new InputBuffer();
  const bytes = bytesOf("..abc..");
  buffer.receive(bytes, 2, 5);
  assertStrictEquals(buffer.bytes, bytes);
  assertEquals(content(buffer), "abc");
});

Deno.test("bytes left over are copied once, and more bytes are appended to them", () => {
  const buffer = new InputBuffer();
  const bytes = bytesOf("abc");
  buffer.receive(bytes, 0, 3);
  buffer.start++;
  buffer.retain();
  bytes.fill(0);
  const own = buffer.bytes;
  buffer.retain();
  assertStrictEquals(buffer.bytes, own);
  buffer.receive(bytesOf("def"), 0, 3);
  assertStrictEquals(buffer.bytes, own);
  assertEquals(content(buffer), "bcdef");
});

Deno.test("two views without a retain between them are joined", () => {
  const buffer = new InputBuffer();
  const first = bytesOf("abc");
  buffer.receive(first, 0, 3);
  buffer.receive(bytesOf("def"), 0, 3);
  assertEquals(content(buffer), "abcdef");
  assertEquals(textOf(first), "abc");
});

Deno.test("a consumed buffer owns nothing", () => {
  const buffer = new InputBuffer();
  buffer.receive(bytesOf("abc"), 0, 3);
  buffer.retain();
  buffer.start = buffer.end;
  buffer.retain();
  assertEquals(buffer.bytes.length, 0);
});

Deno.test("no bytes are lost and memory stays close to the content, in any order of calls", () => {
  const random = new Random(2);
  const buffer = new InputBuffer();
  let held = "";
  let most = 0;
  for (let i = 0; i < 20_000; i++) {
    const count = random.below(random.below(10) === 0 ? 2000 : 50);
    const piece = random.bytes(count);
    buffer.receive(piece, 0, count);
    held += textOf(piece);
    most = Math.max(most, held.length);
    const taken = random.below(Math.min(held.length, 200) + 1);
    buffer.start += taken;
    held = held.slice(taken);
    if (random.below(2) === 0) buffer.retain();
    if (i % 100 === 0) assertEquals(content(buffer), held);
    if (random.below(500) === 0) {
      buffer.start = buffer.end;
      held = "";
    }
    assertEquals(buffer.bytes.length <= Math.max(512, 4 * most + 4000), true);
  }
  assertEquals(content(buffer), held);
});
