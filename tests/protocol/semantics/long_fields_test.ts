/**
 * Fields longer than any head: the functions that parse them take linear, not quadratic time. A pattern
 * that tries every split of a run of spaces would take minutes here.
 */

import { assert, assertEquals } from "@std/assert";
import {
  decodeRequestPath,
  evaluatePreconditions,
  FULL,
  isRefusedPath,
  preferredCoding,
  PROCEED,
  selectRanges,
} from "../../../protocol/semantics/mod.ts";
import { cpuMilliseconds } from "../../support/cpu_time.ts";
import { NOW, REPRESENTATION } from "../../support/semantics_tables.ts";

const LENGTH = 1 << 18;
const PATIENCE_MS = 10_000;

/** Long repetitions of one piece, alone and between `before` and `after`. */
function* longValues(before: string, after: string): Generator<string> {
  for (const piece of [" ", "\t", ",", ", ", '"', '"a"', 'W/"a",', "0-", "-1,", "a;", ";q=", "1"]) {
    const run = piece.repeat(LENGTH / piece.length);
    yield run;
    yield before + run + after;
    yield before + run + "\x7f";
  }
}

Deno.test("long fields are parsed in linear time", () => {
  const began = cpuMilliseconds();
  for (const value of longValues('"x"', ',"y"')) {
    const request = {
      method: "GET",
      field: (name: string) => /none-match$/.test(name) ? value : undefined,
    };
    assertEquals(evaluatePreconditions(request, REPRESENTATION, NOW), PROCEED);
  }
  for (const value of longValues("bytes=0-0", "x")) {
    const request = {
      method: "GET",
      field: (name: string) => name === "range" ? value : undefined,
    };
    assertEquals(selectRanges(request, REPRESENTATION, NOW), FULL);
  }
  for (const value of longValues("gzip", "br")) preferredCoding(value, ["br", "gzip", "identity"]);
  for (const value of longValues("/", "/")) assert(isRefusedPath(decodeRequestPath(`/${value}`)));
  assert(cpuMilliseconds(began) < PATIENCE_MS);
});
