/**
 * The two lock files: every start of a task downloads all that deno.lock names, so it names what the program
 * and the small clients of its tests need; tests/deno.lock has the charts and the browser's driver as well.
 */

import { assert, assertEquals } from "@std/assert";
import { REPOSITORY } from "../support/server.ts";
import { filesBelow, importsOf } from "./source_tree.ts";

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, unknown>>;
}

function lockAt(path: string): Lock {
  return JSON.parse(Deno.readTextFileSync(new URL(path, REPOSITORY)));
}

Deno.test("lock files: the program's has nothing of what only benchmarks and the browser's tests use", () => {
  const { specifiers } = lockAt("deno.lock");
  const large = ["tests/bench", "tests/e2e"]
    .flatMap((folder) => filesBelow(folder, ".ts"))
    .flatMap(({ text }) => importsOf(text)).filter((specifier) => specifier.startsWith("npm:"));
  assert(large.length > 0);
  assertEquals(large.filter((specifier) => specifier in specifiers), []);
});

Deno.test("lock files: what both name is the same in both", () => {
  const [program, tests] = [lockAt("deno.lock"), lockAt("tests/deno.lock")];
  for (const kind of ["specifiers", "npm"] as const) {
    for (const [name, locked] of Object.entries(program[kind])) {
      assertEquals(tests[kind][name], locked, name);
    }
  }
});
