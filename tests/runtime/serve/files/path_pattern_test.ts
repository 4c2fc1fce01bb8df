/** Patterns over paths, by a table of cases. */

import { assertEquals } from "@std/assert";
import { pathPattern } from "../../../../runtime/serve/files/mod.ts";
import { cpuMilliseconds } from "../../../support/cpu_time.ts";

interface Row {
  name: string;
  spec: string;
  input: string;
  matches: string[];
  misses: string[];
}

const url = new URL("../../../../fixtures/files/path_patterns.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`path pattern: ${row.name}`, () => {
    const test = pathPattern(row.input);
    for (const path of row.matches) assertEquals(test(path), true, `${row.input} and ${path}`);
    for (const path of row.misses) assertEquals(test(path), false, `${row.input} and ${path}`);
  });
}

Deno.test("path patterns: a long path takes time in proportion to its length", () => {
  const began = cpuMilliseconds();
  for (const pattern of ["**/*.js", "/**/a/**", "/a/**/b", "*a*"]) {
    pathPattern(pattern)("/a".repeat(2_047));
    pathPattern(pattern)("/" + "a".repeat(4_094));
  }
  assertEquals(cpuMilliseconds(began) < 2_000, true);
});
