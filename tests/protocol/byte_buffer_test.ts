import { assertEquals, assertStrictEquals } from "@std/assert";
import { ByteBuffer } from "../../protocol/byte_buffer.ts";
import { Random } from "../support/random.ts";
import { bytesOf, textOf } from "../support/protocol_cases.ts";

Deno.test("the content is what was appended, in order", () => {
  const buffer = new ByteBuffer();
  buffer.appendByte(0x61);
  buffer.append(bytesOf("bc"));
  buffer.append(bytesOf("..de.."), 2, 4);
  buffer.appendLatin1("f\u00ff");
  buffer.append(bytesOf("nothing"), 3, 3);
  assertEquals(textOf(buffer.view()), "abcdef\u00ff");
  assertEquals(buffer.length, 7);
});

Deno.test("the buffer grows and keeps its content", () => {
  const random = new Random(3);
  const buffer = new ByteBuffer(1);
  let expected = "";
  for (let i = 0; i < 500; i++) {
    const piece = random.bytes(random.below(300));
    buffer.append(piece);
    expected += textOf(piece);
  }
  assertEquals(textOf(buffer.view()), expected);
  assertEquals(buffer.bytes.length < 2 * expected.length + 300, true);
});

Deno.test("reserved room can be written, and is content only after length is set", () => {
  const buffer = new ByteBuffer(1);
  buffer.append(bytesOf("ab"));
  const at = buffer.reserve(1000);
  assertEquals(at, 2);
  assertEquals(buffer.length, 2);
  assertEquals(buffer.bytes.length >= 1002, true);
  buffer.bytes[at] = 0x63;
  buffer.length = at + 1;
  assertEquals(textOf(buffer.view()), "abc");
});

Deno.test("clearing drops the content and keeps the memory", () => {
  const buffer = new ByteBuffer(100);
  buffer.append(bytesOf("abc"));
  const { bytes } = buffer;
  buffer.clear();
  assertEquals(buffer.view().length, 0);
  buffer.append(bytesOf("d"));
  assertStrictEquals(buffer.bytes, bytes);
  assertEquals(textOf(buffer.view()), "d");
});
