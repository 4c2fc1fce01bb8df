/**
 * No export of the program is dead: each is used, and each exported function or class is used by another
 * file.
 */

import { assertEquals } from "@std/assert";
import { blank, filesBelow, programFiles, type SourceFile } from "./source_tree.ts";
import { type ExportedName, unusedExports } from "./unused_exports.ts";

/** Exports that nothing in the program uses, as `path name` or `path` for all; each with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "runtime/observe/admin/families.ts exportedColumns": "for the test that no column is missing",
  "protocol/websocket/close_code.ts": "the registry of RFC 6455 section 7.4.1, whole",
};

const keyOf = ({ path, name }: ExportedName) => `${path} ${name}`;

/** The program, with the scripts of its pages. */
function program(): SourceFile[] {
  return [...programFiles(), ...filesBelow("runtime", ".js")];
}

/** Exports that neither another file of the program nor their own file uses. */
function deadExports(files: readonly SourceFile[]): string[] {
  return unusedExports(files).filter(({ path, name }) => {
    return occurrences(textOf(files, path), name) < 2;
  }).map(keyOf);
}

/** Exported functions and classes that only their own file uses; `tests` may use them too. */
function needlessExports(files: readonly SourceFile[], tests: readonly SourceFile[]): string[] {
  const byTests = new Set(unusedExports([...files, ...tests]).map(keyOf));
  return unusedExports(files).filter((exported) => {
    const { path, name } = exported;
    const behaves = new RegExp(`^export .*\\b(?:function\\*?|class) ${escaped(name)}\\b`, "m");
    return byTests.has(keyOf(exported)) && behaves.test(textOf(files, path));
  }).map(keyOf);
}

function textOf(files: readonly SourceFile[], path: string): string {
  return blank(files.find((file) => file.path === path)!.text, "comments");
}

function occurrences(code: string, name: string): number {
  return [...code.matchAll(new RegExp(`(?<![\\w$])${escaped(name)}(?![\\w$])`, "g"))].length;
}

function escaped(name: string): string {
  return name.replaceAll("$", "\\$");
}

Deno.test("dead exports: none except the exceptions, which are all needed", () => {
  const files = program();
  const tests = filesBelow("tests", ".ts");
  const found = new Set([...deadExports(files), ...needlessExports(files, tests)]);
  const excused = Object.keys(EXCEPTIONS);
  const covers = (exception: string, key: string) => `${key} `.startsWith(`${exception} `);
  assertEquals([...found].filter((key) => !excused.some((one) => covers(one, key))), []);
  const needless = excused.filter((one) => ![...found].some((key) => covers(one, key)));
  assertEquals(needless, [], "needless exceptions");
});

Deno.test("dead exports: used and unused exports are distinguished", () => {
  const door: SourceFile = {
    path: "runtime/a/mod.ts",
    text: 'export { A, type B, C as D } from "./a.ts";\nexport * from "./b.ts";',
  };
  const declaring: SourceFile[] = [
    { path: "runtime/a/a.ts", text: "export class A {}\nexport type B = 1;\nexport const C = 1;" },
    { path: "runtime/a/b.ts", text: "export function e() {}\n// e()\nexport const F = 1;\nF;" },
  ];
  const dead = (text: string) => deadExports([door, ...declaring, { path: "runtime/c.ts", text }]);
  const [a, b, c, e] = ["a.ts A", "a.ts B", "a.ts C", "b.ts e"].map((key) => `runtime/a/${key}`);
  assertEquals(dead(""), [a, b, c, e], "a door is no user, a comment neither");
  assertEquals(dead('import { A, D, e as f } from "./a/mod.ts";'), [b]);
  assertEquals(dead('import type { B } from "./a/mod.ts";'), [a, c, e]);
  assertEquals(dead('import {\n  type B,\n  A,\n} from "./a/a.ts";'), [c, e]);
  assertEquals(dead('import * as all from "./a/mod.ts";'), []);
  assertEquals(dead('const { A } = await import("./a/a.ts");'), [e]);
  assertEquals(dead('// import { A } from "./a/mod.ts";'), [a, b, c, e]);
});

Deno.test("dead exports: a function that only its own file uses is found", () => {
  const file: SourceFile = { path: "runtime/a.ts", text: "export function a() {}\na();" };
  const test: SourceFile = {
    path: "tests/a_test.ts",
    text: 'import { a } from "../runtime/a.ts";',
  };
  assertEquals(deadExports([file]), []);
  assertEquals(needlessExports([file], []), ["runtime/a.ts a"]);
  assertEquals(needlessExports([file], [test]), []);
});
