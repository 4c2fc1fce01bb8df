import { assertEquals } from "@std/assert";
import { parseCollection } from "./gc_trace.ts";

const REST = "pooled: 0.0 MB, 8.49 / 0.00 ms (average mu = 1.000, current mu = 1.000)";

Deno.test("parseCollection parses V8's line of each kind", () => {
  const rows: [string, string, number, number][] = [
    [
      `26206 ms: Scavenge 20.1 (25.1) -> 15.5 (26.4) MB, ${REST} allocation failure; `,
      "Scavenge",
      20.1,
      15.5,
    ],
    [`   41 ms: Mark-Compact 4.3 (5.0) -> 4.0 (5.8) MB, ${REST} task; `, "Mark-Compact", 4.3, 4.0],
    [
      `   41 ms: Mark-Compact (reduce) 4.3 (5.0) -> 4.0 (5.8) MB, ${REST}`,
      "Mark-Compact",
      4.3,
      4.0,
    ],
  ];
  for (const [text, kind, before, after] of rows) {
    const expected = { isolate: "0x7f2ff0060000", kind, before, after };
    assertEquals(parseCollection(`[7246:0x7f2ff0060000]    ${text}`), expected);
  }
});

Deno.test("parseCollection ignores all other lines", () => {
  for (const line of ["", "Workers: 2 | Port: 8000 | Log: /tmp/x", "[HTTP] fd=5 recv request"]) {
    assertEquals(parseCollection(line), undefined);
  }
});
