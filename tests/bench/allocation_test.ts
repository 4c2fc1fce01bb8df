import { assertEquals } from "@std/assert";
import { garbageLines } from "./allocation.ts";

Deno.test("garbageLines shows collections per million requests and bytes per request", () => {
  const scavenge = { isolate: "0x1", kind: "Scavenge", before: 7.5, after: 6.5 };
  const rows = [
    { title: "clean", requests: 1_000_000, collections: [] },
    { title: "not", requests: 500_000, collections: [scavenge, scavenge] },
  ];
  assertEquals(garbageLines(rows), [
    "          requests  collections  per million  freed each",
    "  clean  1,000,000            0          0.0       0.0 B",
    "  not      500,000            2          4.0       4.0 B",
  ]);
});
