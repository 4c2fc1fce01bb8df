/** Runs the table of conditional requests. */

import { assertEquals } from "@std/assert";
import {
  evaluatePreconditions,
  NOT_MODIFIED,
  PRECONDITION_FAILED,
  PROCEED,
} from "../../../protocol/semantics/mod.ts";
import {
  NOW,
  readTable,
  representationOf,
  requestOf,
  type RequestRow,
} from "../../support/semantics_tables.ts";

interface ConditionRow extends RequestRow {
  /** The resulting status. */
  expect: 200 | 304 | 412;
}

const STATUS = { [PROCEED]: 200, [NOT_MODIFIED]: 304, [PRECONDITION_FAILED]: 412 } as const;

for (const row of readTable<ConditionRow>("preconditions")) {
  Deno.test(`precondition: ${row.name}`, () => {
    const verdict = evaluatePreconditions(requestOf(row), representationOf(row), NOW);
    assertEquals(STATUS[verdict], row.expect, row.spec);
  });
}
