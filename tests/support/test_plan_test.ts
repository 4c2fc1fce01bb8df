/**
 * The runner's words, checked against the names of the scenarios, and the parsing of the summary.
 */

import { assert, assertEquals } from "@std/assert";
import { testFilesIn } from "./test_files.ts";
import {
  failedTestsIn,
  failuresIn,
  filterOf,
  hasRun,
  isTestWord,
  parseTestCounts,
  sumOf,
  TEST_PLANS,
  withRepeated,
} from "./test_plan.ts";

Deno.test("test plan: the seed's words are known, other words are not", () => {
  for (const word of ["http", "ws", "stress", "browser", "concurrent", "all", "multi"]) {
    assertEquals(isTestWord(word), true, word);
  }
  for (const word of ["", "HTTP", "toString", "__proto__", "--help"]) {
    assertEquals(isTestWord(word), false, word);
  }
});

Deno.test("test plan: a word chooses the scenarios with that word in brackets, and no others", () => {
  const chosen = (word: string, name: string) => {
    return new RegExp(TEST_PLANS[word]!.filter!.slice(1, -1)).test(name);
  };
  const stress = "scenario: 8 workers - WebSocket Stress [ws stress] (seed)";
  assertEquals(["ws", "stress"].map((word) => chosen(word, stress)), [true, true]);
  assertEquals(["http", "concurrent", "browser"].map((word) => chosen(word, stress)), [
    false,
    false,
    false,
  ]);
  const start = "scenario: 8 workers - the server starts [http ws stress browser concurrent]";
  for (const word of ["http", "ws", "stress", "browser", "concurrent"]) {
    assert(chosen(word, start), word);
  }
  assertEquals(chosen("browser", "page: typed keys are shown"), true);
  const inQuick = (name: string) => chosen("executable-quick", name);
  const quick = ["scenario: 2 workers - a", "scenario: 8 workers - WebSocket [ws] (seed)"];
  for (const name of [...quick, start, "tls: a", "stopping: b", "scripts"]) {
    assert(inQuick(name), name);
  }
  const left = [stress, "scenario: 16 workers - Basic HTTP [http] (seed)"];
  for (const name of left) assertEquals(inQuick(name), false, name);
});

Deno.test("test plan: no word runs every folder, and so do `unit` and `e2e` together", async () => {
  const tests = new URL("../", import.meta.url);
  const folders = (await Array.fromAsync(Deno.readDir(tests)))
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => `tests/${name}/`).toSorted();
  const { all, unit, e2e } = TEST_PLANS;
  const [untimed, others] = partition(all!.beside!.flat(), (path) => path.startsWith("tests/e2e/"));
  assertEquals([...all!.paths, ...others].toSorted(), folders);
  // A path that does not exist would leave its tests out on one side, and fail on the other.
  for (const path of untimed) Deno.statSync(new URL(`../../${path}`, import.meta.url));
  assertEquals([...unit!.paths, ...e2e!.paths].toSorted(), folders);
});

Deno.test("test plan: what a plan leaves out exists, and runs without a word", () => {
  const { "unit-quick": quick, tls, unit } = TEST_PLANS;
  const left = tls!.paths.flatMap(testFilesIn).filter((file) => tls!.without!.test(file));
  assert(left.includes("tests/e2e/health_test.ts"), left.join(", "));
  assert(!left.includes("tests/e2e/websocket_test.ts"));
  for (const path of quick!.paths) {
    assert(unit!.paths.some((folder) => path.startsWith(folder)), path);
    Deno.statSync(new URL(`../../${path}`, import.meta.url));
  }
});

Deno.test("test plan: counts of several runs are added, unless one has none", () => {
  const [one, two] = [{ passed: 1, failed: 2, skipped: 3 }, {
    passed: 10,
    failed: 20,
    skipped: 30,
  }];
  assertEquals(sumOf([one, two]), { passed: 11, failed: 22, skipped: 33 });
  assertEquals(sumOf([one, undefined]), undefined);
});

Deno.test("test plan: counts are read from each form of the summary", () => {
  const rows: [string, number[]][] = [
    ["ok | 37 passed | 0 failed (17s)\n", [37, 0, 0]],
    ["FAILED | 2 passed (1 step) | 1 failed | 3 ignored | 9 filtered out (1s)\n", [2, 1, 3]],
    ["\x1b[32mok\x1b[0m | 5 passed | 0 failed | 2 ignored \x1b[38;5;245m(3ms)\x1b[0m\n", [5, 0, 2]],
    ["ok | 1 passed | 0 failed (1ms)\nFAILED | 7 passed | 8 failed (2ms)\n", [7, 8, 0]],
  ];
  for (const [output, [passed, failed, skipped]] of rows) {
    assertEquals(parseTestCounts(output), { passed, failed, skipped } as never, output);
  }
  assertEquals(parseTestCounts("error: Module not found\n"), undefined);
});

Deno.test("test plan: what failed is found in the output, with and without colours", () => {
  const failed =
    " ERRORS \n\nx => ./x_test.ts:1:6\nerror: Error: no\n\n FAILURES \n\nx => ./x_test.ts:1:6\n";
  assertEquals(failuresIn(`x ... FAILED (1ms)\n\n${failed}`), failed);
  const coloured = failed.replace(" ERRORS ", "\x1b[0m\x1b[1m\x1b[37;41m ERRORS \x1b[0m");
  assertEquals(failuresIn(`x ... FAILED (1ms)\n\n${coloured}`), coloured);
  assertEquals(failuresIn("a test of ERRORS ... ok (1ms)\nok | 1 passed | 0 failed (1ms)\n"), "");
});

Deno.test("test plan: failed tests are read from the list before the summary, with the files that ran", () => {
  const output = [
    "\x1b[0m\x1b[38;5;245mrunning 2 tests from ./tests/x_test.ts\x1b[0m",
    "good ... \x1b[32mok\x1b[0m (1ms)",
    "a => b ...",
    "------- output -------",
    "a => b ... \x1b[31mFAILED\x1b[0m (1ms)",
    "running 1 test from ./tests/e2e/y_test.ts",
    "c ... FAILED (1ms)",
    "",
    "\x1b[1m ERRORS \x1b[0m",
    "",
    "a => b => ./tests/x_test.ts:1:6",
    "error: no",
    "",
    "\x1b[1m FAILURES \x1b[0m",
    "",
    "a => b \x1b[38;5;245m=> ./tests/x_test.ts:1:6\x1b[0m",
    "c ... a step ... another one => ./tests/support/shared.ts:30:9",
    "c => ./tests/support/shared.ts:20:3",
    "./tests/z_test.ts (uncaught error)",
    "",
    "FAILED | 1 passed | 3 failed (1ms)",
  ].join("\n");
  assertEquals(failedTestsIn(output), [
    { name: "a => b", file: "tests/x_test.ts" },
    { name: "c", file: "tests/e2e/y_test.ts" },
  ]);
  assertEquals(failedTestsIn("ok | 1 passed | 0 failed (1ms)\n"), []);
  assertEquals([hasRun(output, ["a => b", "c"]), hasRun(output, ["c", "d"])], [true, false]);
});

Deno.test("test plan: a filter chooses exactly the tests with these names", () => {
  const names = ["a/b (c) [1.5] -> $x^", "back\\slash|{2}", "a+b?*"];
  const filter = new RegExp(filterOf(names).slice(1, -1));
  assertEquals(names.map((name) => filter.test(name)), [true, true, true]);
  const others = ["a/b (c) [1x5] -> $x^", "back\\slash", "{2}", "aab", "a+b?*.", " a+b?*"];
  assertEquals(others.map((name) => filter.test(name)), others.map(() => false));
});

Deno.test("test plan: what ran again counts as it ended", () => {
  const first = { passed: 10, failed: 2, skipped: 1 };
  assertEquals(withRepeated(first, { passed: 7, failed: 0, skipped: 0 }), {
    passed: 12,
    failed: 0,
    skipped: 1,
  });
  assertEquals(withRepeated(first, { passed: 7, failed: 1, skipped: 0 }).failed, 1);
});

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
