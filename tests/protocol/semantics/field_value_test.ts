/** Runs the table of configured field lines. */

import { assert, assertEquals } from "@std/assert";
import { isToken, parseFieldLine } from "../../../protocol/semantics/mod.ts";
import { readTable, type Row } from "../../support/semantics_tables.ts";

interface LineRow extends Row {
  input: string;
  expect?: { name: string; value: string };
  /** A part of the error text. */
  error?: string;
}

for (const row of readTable<LineRow>("field_lines")) {
  Deno.test(`field line: ${row.name}`, () => {
    const found = parseFieldLine(row.input);
    if (!("fault" in found)) return assertEquals(found, row.expect, row.spec);
    assert(
      row.error !== undefined && found.fault.includes(row.error),
      `${row.spec}: ${found.fault}`,
    );
  });
}

Deno.test("field values: tokens", () => {
  assertEquals(["a", "A-1", "", "a b", "a:", "\u0100"].map(isToken), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
