/**
 * Every file of fixtures/ is named by a test, and every row of a table has a unique name and cites the
 * source of its rule.
 */

import { assertEquals } from "@std/assert";
import { blank, filesBelow, type SourceFile } from "./source_tree.ts";

/** The fixtures that no test names in a string, with or without folder and ending. */
function unused(fixtures: readonly SourceFile[], tests: readonly SourceFile[]): string[] {
  const code = tests.map(({ text }) => blank(text, "comments")).join("\n");
  return fixtures.map(({ path }) => path).filter((path) => {
    const name = path.split("/").at(-1)!.replace(/\.\w+$/, "").replace(
      /[.*+?^${}()|[\]\\]/g,
      "\\$&",
    );
    return !new RegExp(`["'\`/]${name}(?:\\.\\w+)?["'\`]`).test(code);
  });
}

/** Rows without a name or a source, and duplicate names. */
function badRows({ path, text }: SourceFile): string[] {
  const parsed: unknown = JSON.parse(text);
  const rows = (Array.isArray(parsed) ? parsed : []) as { name?: string; spec?: string }[];
  const names = rows.map((row) => row.name);
  return rows.flatMap((row, i) => {
    if (!row.name || !row.spec) return [`${path}: row ${i} has no name or no spec`];
    return names.indexOf(row.name) === i ? [] : [`${path}: "${row.name}" is a duplicate`];
  });
}

Deno.test("fixtures: every file is named by a test", () => {
  assertEquals(unused(filesBelow("fixtures", ""), filesBelow("tests", ".ts")), []);
});

Deno.test("fixtures: every row has a unique name and a source", () => {
  assertEquals(filesBelow("fixtures", ".json").flatMap(badRows), []);
});

Deno.test("fixtures: an unused file and a row without a name are found", () => {
  const fixture = { path: "fixtures/a/table.json", text: "[]" };
  const naming = (text: string) => unused([fixture], [{ path: "tests/a_test.ts", text }]);
  assertEquals(naming('read("table")'), []);
  assertEquals(naming('read("fixtures/a/table.json")'), []);
  assertEquals(naming("// read table.json"), [fixture.path]);
  assertEquals(naming('read("other_table")'), [fixture.path]);
  const rows = (text: string) => badRows({ path: "p", text }).length;
  assertEquals(rows('[{"name":"a","spec":"b"},{"name":"c","spec":"b"}]'), 0);
  assertEquals(rows('[{"name":"a","spec":"b"},{"name":"a","spec":"b"}]'), 1);
  assertEquals(rows('[{"name":"a"}]'), 1);
});
