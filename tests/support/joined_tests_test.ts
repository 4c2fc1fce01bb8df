/**
 * The module that imports many test files.
 */

import { assertEquals } from "@std/assert";
import { JoinedTests } from "./joined_tests.ts";

const TOP = new URL("../../", import.meta.url);

Deno.test("joined tests: every file runs once, in the module or apart, and the module is removed", async () => {
  const folder = "tests/runtime/executor/";
  const expected = [...Deno.readDirSync(new URL(folder, TOP))].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts")).map((name) => folder + name);
  let module: string;
  {
    using joined = new JoinedTests([folder, "tests/support/test_plan_test.ts"]);
    const [first = "", ...apart] = joined.paths;
    module = first;
    const imported = (await Deno.readTextFile(module)).matchAll(/^import "(.*)";$/gm);
    const files = [...imported].map(([, url = ""]) => url.slice(TOP.href.length));
    assertEquals(apart, ["tests/runtime/executor/openssl_tls_test.ts"]);
    assertEquals(
      [...files, ...apart].toSorted(),
      [...expected, "tests/support/test_plan_test.ts"].toSorted(),
    );
  }
  assertEquals(await Deno.stat(module).then(() => true, () => false), false);
});
