/**
 * UTF-8 validation compared with TextDecoder for whole texts, and the rule that the check fails at the
 * first byte that makes valid UTF-8 impossible.
 */

import { assert, assertEquals } from "@std/assert";
import { isUtf8, Utf8Validator } from "../../protocol/utf8_validator.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";

Deno.test("every byte and every pair of bytes has the result of TextDecoder", () => {
  for (let first = 0; first < 256; first++) {
    assertJudged(Uint8Array.of(first));
    for (let second = 0; second < 256; second++) assertJudged(Uint8Array.of(first, second));
  }
});

Deno.test("lead bytes of three and four bytes with every edge value of their tails", () => {
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let lead = 0xe0; lead <= 0xff; lead++) {
    for (const a of edges) {
      for (const b of edges) {
        assertJudged(Uint8Array.of(lead, a, b));
        for (const c of edges) assertJudged(Uint8Array.of(lead, a, b, c));
      }
    }
  }
});

Deno.test("every character is UTF-8, alone and among ASCII", () => {
  const encoder = new TextEncoder();
  // Steps of 7 and the edges: all code points take seconds and find no more.
  for (let code = 0; code <= 0x10ffff; code += code < 0x900 ? 1 : 7) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const bytes = encoder.encode(`1234567${String.fromCodePoint(code)}`);
    assert(isUtf8(bytes, 0, bytes.length), `U+${code.toString(16)}`);
    assert(!isUtf8(bytes, 0, bytes.length - 1) || code < 0x80, `U+${code.toString(16)} cut`);
  }
});

Deno.test("one wrong byte at every offset around the eight-byte step", () => {
  for (let length = 1; length <= 40; length++) {
    for (let at = 0; at < length; at++) {
      const bytes = new Uint8Array(length).fill(0x61);
      assert(isUtf8(bytes, 0, length));
      bytes[at] = 0xff;
      assert(!isUtf8(bytes, 0, length), `${at} of ${length}`);
      assert(isUtf8(bytes, 0, at) && isUtf8(bytes, at + 1, length), "only within start and end");
    }
  }
});

Deno.test("a text that is cut anywhere has the result of the whole text", () => {
  const random = new Random(5);
  for (let round = 0; round < 3000; round++) {
    const bytes = randomText(random);
    const validator = new Utf8Validator();
    let good = true;
    for (let at = 0; at < bytes.length && good;) {
      const end = at + 1 + random.below(bytes.length - at);
      good = validator.push(bytes, at, end);
      at = end;
    }
    assertEquals(good && validator.finish(), decodes(bytes), String(bytes));
  }
});

Deno.test("the check fails at the first byte that makes valid UTF-8 impossible", () => {
  const cases: [bytes: number[], fails: number][] = [
    [[0x61, 0x80], 1],
    [[0xc0, 0xaf], 0],
    [[0xe0, 0x9f, 0xbf], 1],
    [[0xed, 0xa0, 0x80], 1],
    [[0xf0, 0x8f, 0xbf, 0xbf], 1],
    [[0xf4, 0x90, 0x80, 0x80], 1],
    [[0xf5, 0x80, 0x80, 0x80], 0],
    [[0xe2, 0x82, 0x41], 2],
    [[0xf0, 0x9f, 0x98, 0xc0], 3],
  ];
  for (const [bytes, fails] of cases) {
    const validator = new Utf8Validator();
    const judged = bytes.map((byte) => validator.push(Uint8Array.of(byte), 0, 1));
    assertEquals(judged.indexOf(false), fails, String(bytes));
  }
});

Deno.test("after a failure every push fails until reset", () => {
  const validator = new Utf8Validator();
  const text = Uint8Array.of(0xff, 0x61);
  assert(!validator.push(text, 0, 1));
  assert(!validator.push(text, 1, 2));
  assert(!validator.push(text, 1, 1));
  assert(!validator.finish());
  validator.reset();
  assert(validator.push(text, 1, 2) && validator.finish());
});

Deno.test("an empty text is valid, and an empty piece changes nothing", () => {
  const validator = new Utf8Validator();
  assert(validator.finish());
  assert(validator.push(Uint8Array.of(0xc3), 0, 1));
  assert(validator.push(new Uint8Array(0), 0, 0));
  assert(!validator.finish());
  assert(validator.push(Uint8Array.of(0xa9), 0, 1));
  assert(validator.finish());
});

function assertJudged(bytes: Uint8Array): void {
  if (isUtf8(bytes, 0, bytes.length) !== decodes(bytes)) {
    throw new Error(`wrong result for ${bytes}`);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What is not UTF-8 is replaced. With `fatal`, an exception would cost more than all the rest. */
function decodes(bytes: Uint8Array): boolean {
  return sameBytes(encoder.encode(decoder.decode(bytes)), bytes);
}

/** Characters of every length, and sometimes an invalid byte. */
function randomText(random: Random): Uint8Array {
  const codes = [0x61, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff];
  const text = Array.from({ length: random.below(30) }, () => codes[random.below(codes.length)]!);
  const bytes = new TextEncoder().encode(String.fromCodePoint(...text));
  if (bytes.length > 0 && random.below(2) === 0) {
    bytes[random.below(bytes.length)] = random.below(256);
  }
  return bytes;
}
