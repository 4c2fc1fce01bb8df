/** The cache of Accept-Encoding values: bounded whatever clients send, and still useful. */

import { assert, assertEquals } from "@std/assert";
import { CodingChooser } from "../../../../runtime/serve/files/coding_chooser.ts";

const BROWSER = "gzip, deflate, br, zstd";
const BOUND = 16 * 4 * 1024;

Deno.test("coding chooser: after ten thousand junk values the cache is bounded and still works", () => {
  const chooser = new CodingChooser();
  const all = chooser.maskOf(["br", "zstd", "gzip", "identity"]);
  const masks = Array.from({ length: 16 }, (_, mask) => mask);
  for (let i = 0; i < 10_000; i++) {
    const junk = `gzip;q=0.${i % 1000}, x${i}-${"y".repeat(i % 400)}`;
    for (const mask of masks) chooser.choose(junk, mask);
    assert(chooser.memoryBytes <= BOUND, `${chooser.memoryBytes} bytes`);
  }
  assert(!chooser.remembers(BROWSER, all));
  assertEquals(chooser.choose(BROWSER, all), "br");
  assert(chooser.remembers(BROWSER, all), "what is asked from now on is remembered");
  for (let i = 0; i < 40; i++) chooser.choose(`junk${i}`, all);
  assert(chooser.remembers(BROWSER, all), "and stays while there is room");
  assertEquals(chooser.choose(BROWSER, chooser.maskOf(["gzip", "identity"])), "gzip");
});

Deno.test("coding chooser: very long values are evaluated and not cached", () => {
  const chooser = new CodingChooser();
  const all = chooser.maskOf(["br", "gzip", "identity"]);
  const long = `gzip, ${"x, ".repeat(10_000)}identity;q=0.5`;
  assertEquals(chooser.choose(long, all), "gzip");
  assertEquals([chooser.remembers(long, all), chooser.memoryBytes], [false, 0]);
});
