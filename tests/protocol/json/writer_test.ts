/** The JSON writer: commas, strings, payloads. */

import { assertEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import { JsonWriter } from "../../../protocol/json/mod.ts";

const UTF8 = new TextEncoder();

function written(write: (json: JsonWriter) => void, before = ""): string {
  const out = new ByteBuffer();
  out.appendLatin1(before);
  write(new JsonWriter(out));
  return new TextDecoder().decode(out.view());
}

Deno.test("JSON writer: commas are between members and elements, and nowhere else", () => {
  const text = written((json) => {
    json.openObject().name("a").openArray().integer(1).text("b").flag(true).openObject();
    json.closeObject().openArray().closeArray().closeArray().name("c").openObject();
    json.name("d").raw(UTF8.encode("[1.0]")).name("e").flag(false).closeObject().closeObject();
  });
  assertEquals(text, '{"a":[1,"b",true,{},[]],"c":{"d":[1.0],"e":false}}');
});

Deno.test("JSON writer: what is in the buffer already does not matter", () => {
  for (const before of ["data: ", "{}\n", "x", '{"a":', "["]) {
    assertEquals(written((json) => json.openObject().closeObject(), before), `${before}{}`);
  }
});

Deno.test("JSON writer: every string comes back from JSON.parse", () => {
  const strings = ["", 'a"b', "a\\b", "\n\r\t\0\x7f", "é€😀", "\u2028", "</script>", "\ud800"];
  for (const string of strings) {
    const text = written((json) => json.text(string));
    assertEquals(JSON.parse(text), string);
    // No line break may end the line.
    assertEquals(/[\r\n]/.test(text), false);
  }
});

Deno.test("JSON writer: numbers that JavaScript cannot tell apart are a mistake of ours", () => {
  for (const number of [NaN, 0.5, 2 ** 53, Infinity]) {
    assertThrows(() => written((json) => json.integer(number)), RangeError);
  }
  const all = [0, -0, 7, 10, 99, 100, 2 ** 31, 2 ** 32 - 1, 10 ** 15, 2 ** 53 - 1];
  for (const number of all.flatMap((number) => [number, -number])) {
    assertEquals(written((json) => json.integer(number)), String(number));
  }
});

Deno.test("JSON writer: a payload loses its line breaks alone", () => {
  const pretty = JSON.stringify({ a: ["b\n", 1.5], c: {} }, null, 2).replaceAll("\n", "\r\n");
  const line = written((json) => json.raw(UTF8.encode(pretty)));
  assertEquals(/[\r\n]/.test(line), false);
  assertEquals(line, pretty.replaceAll(/[\r\n]/g, ""));
  // Short ones are searched in another way than long ones.
  for (const length of [0, 1, 254, 255, 256, 257, 5000]) {
    for (const end of ["", "\n", "\r"]) {
      const json = `[${" ".repeat(length)}${end}]`;
      assertEquals(written((out) => out.raw(UTF8.encode(json))), `[${" ".repeat(length)}]`);
    }
  }
});
