/** Runs the table of ranges, and checks with random ranges that exactly the requested bytes are sent. */

import { assert, assertEquals } from "@std/assert";
import {
  type ByteRange,
  contentRange,
  FULL,
  selectRanges,
  UNSATISFIABLE,
  unsatisfiedContentRange,
} from "../../../protocol/semantics/mod.ts";
import { Random } from "../../support/random.ts";
import {
  NOW,
  readTable,
  REPRESENTATION,
  representationOf,
  requestOf,
  type RequestRow,
} from "../../support/semantics_tables.ts";

interface RangeRow extends RequestRow {
  /** "full", "unsatisfiable", or pairs of start and end. */
  expect: "full" | "unsatisfiable" | [start: number, end: number][];
  /** The current time; by default that of all tables. */
  now?: number;
}

for (const row of readTable<RangeRow>("ranges")) {
  Deno.test(`range: ${row.name}`, () => {
    const found = selectRanges(requestOf(row), representationOf(row), row.now ?? NOW);
    assertEquals(notation(found), row.expect, row.spec);
  });
}

Deno.test("ranges: Content-Range", () => {
  assertEquals(contentRange({ start: 0, end: 500 }, 1234), "bytes 0-499/1234");
  assertEquals(contentRange({ start: 1233, end: 1234 }, 1234), "bytes 1233-1233/1234");
  assertEquals(unsatisfiedContentRange(1234), "bytes */1234");
});

Deno.test("ranges: exactly the requested bytes, each once, with small gaps filled", () => {
  const random = new Random(1);
  for (let run = 0; run < 5_000; run++) {
    const size = 1 + random.below(2_000);
    const asked = Array.from({ length: 1 + random.below(6) }, () => {
      const start = random.below(2_500);
      return { start, end: start + 1 + random.below(600) };
    });
    const range = `bytes=${asked.map(({ start, end }) => `${start}-${end - 1}`).join(",")}`;
    const request = {
      method: "GET",
      field: (name: string) => name === "range" ? range : undefined,
    };
    const found = selectRanges(request, { ...REPRESENTATION, size }, NOW);
    if (found === FULL) throw new Error(range);
    judge(found === UNSATISFIABLE ? [] : found, asked, size);
  }
});

/** Compares the selected ranges with the requested ones, byte by byte. */
function judge(found: readonly ByteRange[], asked: readonly ByteRange[], size: number): void {
  const sent = new Uint8Array(size);
  for (const { start, end } of found) {
    assert(start >= 0 && start < end && end <= size);
    for (let at = start; at < end; at++) sent[at]! += 1;
  }
  const wanted = new Uint8Array(size);
  for (const { start, end } of asked) wanted.fill(1, Math.min(start, size), Math.min(end, size));
  let gap = 0;
  for (let at = 0; at < size; at++) {
    assert(sent[at]! <= 1 && sent[at]! >= wanted[at]!, "sent twice, or not at all");
    gap = sent[at] === wanted[at] ? 0 : gap + 1;
    assert(gap <= 100, "large gaps between requested ranges were sent");
  }
}

function notation(found: ReturnType<typeof selectRanges>): RangeRow["expect"] {
  if (found === FULL) return "full";
  return found === UNSATISFIABLE ? "unsatisfiable" : found.map(({ start, end }) => [start, end]);
}
