/** Runs the table of content codings. */

import { assertEquals } from "@std/assert";
import {
  type ContentCoding,
  NOT_ACCEPTABLE,
  preferredCoding,
} from "../../../protocol/semantics/mod.ts";
import { readTable, type Row } from "../../support/semantics_tables.ts";

interface CodingRow extends Row {
  /** Accept-Encoding; null: no field. */
  input: string | null;
  available: ContentCoding[];
  expect: ContentCoding | "not acceptable";
}

for (const row of readTable<CodingRow>("content_codings")) {
  Deno.test(`content coding: ${row.name}`, () => {
    const found = preferredCoding(row.input ?? undefined, row.available);
    assertEquals(found === NOT_ACCEPTABLE ? "not acceptable" : found, row.expect, row.spec);
  });
}
