/**
 * The two lock files: every task downloads all packages of deno.lock, so that contains only what the program
 * and the small clients of its tests need; tests/deno.lock also has the charts and the browser driver. What is
 * checked is what git has: Deno may add to the file in the working copy while other tests run.
 */

import { assert, assertEquals } from "@std/assert";
import { REPOSITORY } from "../support/server.ts";
import { filesBelow, importsOf } from "./source_tree.ts";

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, unknown>>;
}

function lockAt(path: string): Lock {
  const git = new Deno.Command("git", { args: ["show", `:${path}`], cwd: REPOSITORY });
  const { success, stdout } = git.outputSync();
  // Without git, as in an unpacked archive, there is only the file.
  const text = success
    ? new TextDecoder().decode(stdout)
    : Deno.readTextFileSync(new URL(path, REPOSITORY));
  return JSON.parse(text);
}

Deno.test("lock files: deno.lock has no package that only benchmarks and browser tests use", () => {
  const { specifiers } = lockAt("deno.lock");
  const large = ["tests/bench", "tests/e2e"]
    .flatMap((folder) => filesBelow(folder, ".ts"))
    .flatMap(({ text }) => importsOf(text)).filter((specifier) => specifier.startsWith("npm:"));
  assert(large.length > 0);
  assertEquals(large.filter((specifier) => specifier in specifiers), []);
});

/** A dependency is named with its version only if the file has several of that name. */
function withBareNames(locked: unknown): unknown {
  const { dependencies, ...others } = locked as { readonly dependencies?: readonly string[] };
  const bare = dependencies?.map((name) => name.replace(/(?<=.)@.*$/, ""));
  return typeof locked === "string" ? locked : { ...others, dependencies: bare };
}

Deno.test("lock files: packages in both have the same version", () => {
  const [program, tests] = [lockAt("deno.lock"), lockAt("tests/deno.lock")];
  for (const kind of ["specifiers", "npm"] as const) {
    for (const [name, locked] of Object.entries(program[kind])) {
      assertEquals(withBareNames(tests[kind][name]), withBareNames(locked), name);
    }
  }
});
