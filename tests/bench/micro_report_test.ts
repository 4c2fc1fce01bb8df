import { assertEquals, assertThrows } from "@std/assert";
import { BROWSER_REQUEST, maskedFrame, mixedText, SIZES, SMALL_REQUEST } from "./micro_inputs.ts";
import { microLines, parseMicroResults } from "./micro_report.ts";

const JSON_TEXT = JSON.stringify({
  version: 1,
  benches: [
    { name: "unmask, 1024 B", results: [{ ok: { n: 10, p75: 256, p99: 300.4 } }] },
    { name: "ring: push, × 1000", results: [{ ok: { n: 10, p75: 80_000, p99: 95_000 } }] },
    { name: "accept key", results: [{ ok: { n: 10, p75: 1234.5, p99: 2000 } }] },
  ],
});

Deno.test("deno bench's JSON becomes times, and speeds if the name states an amount", () => {
  assertEquals(microLines(parseMicroResults(JSON_TEXT)), [
    "                         p75       p99      speed",
    "unmask, 1024 B        256 ns  300.4 ns  4.00 GB/s",
    "ring: push, × 1000     80 ns     95 ns   12.5 M/s",
    "accept key          1,235 ns  2,000 ns",
  ]);
});

Deno.test("a benchmark that failed is an error", () => {
  const json = JSON.stringify({ benches: [{ name: "x", results: [{ failed: {} }] }] });
  assertThrows(() => parseMicroResults(json), Error, '"x" failed');
});

Deno.test("the inputs are what their names say", () => {
  assertEquals(SMALL_REQUEST.length, 100);
  assertEquals(new TextDecoder().decode(BROWSER_REQUEST).split("\r\n").length, 1 + 12 + 2);
  for (const size of SIZES) assertEquals(mixedText(size).length, size);
  assertEquals(maskedFrame(16).length, 2 + 4 + 16);
});
