/**
 * Every file opens with its contract, every export has its JSDoc, and every folder has one door,
 * mod.ts, with an example.
 */

import { assertEquals } from "@std/assert";
import {
  blank,
  filesBelow,
  headerOf,
  lineAt,
  programFiles,
  type SourceFile,
} from "./source_tree.ts";

const EXPORT =
  /^export (?:abstract |async |declare )*(?:function\*?|class|interface|type|enum|const|let) (?<name>[\w$]+)/gm;

/** A header shorter than this says nothing that the file's name does not. */
const SHORTEST_HEADER = 60;

/** A constant in one line: these may stand in a block under one comment, as the values of a C enum. */
const CONSTANT = /^export const [A-Z0-9_]+ = [^\n]+;$/;

/** Exports without a comment directly above. */
function undocumented({ path, text }: SourceFile): string[] {
  const code = blank(text, "comments and strings");
  return [...code.matchAll(EXPORT)].filter((match) => {
    return !isDocumented(text, match.index) && !isOverload(code, match);
  }).map((match) => `${path}:${lineAt(code, match.index)} ${match.groups!["name"]} has no JSDoc`);
}

/** Whether a JSDoc comment ends right above; lint directives and a block of constants may lie between. */
function isDocumented(text: string, offset: number): boolean {
  const [own, ...above] = text.slice(0, text.indexOf("\n", offset) >>> 0).split("\n").reverse();
  const first = above.findIndex((line) => {
    return !line.startsWith("//") && !(CONSTANT.test(own!) && CONSTANT.test(line));
  });
  return above[first]?.endsWith("*/") ?? false;
}

/** Whether an earlier signature of the same function, which has the JSDoc, stands right above. */
function isOverload(code: string, match: RegExpExecArray): boolean {
  const before = code.slice(0, match.index).trimEnd().split(/^export /m).at(-1)!;
  return before.startsWith(`function ${match.groups!["name"]}(`) && before.endsWith(";");
}

function withoutHeader({ path, text }: SourceFile): string[] {
  return headerOf(text).length < SHORTEST_HEADER ? [`${path} does not open with its contract`] : [];
}

/** Folders with TypeScript but without a door, and doors without an example. */
function badDoors(files: readonly SourceFile[]): string[] {
  const folders = new Set(files.map(({ path }) => path.replace(/[^/]*$/, "")));
  folders.delete("");
  return [...folders].flatMap((folder) => {
    const door = files.find(({ path }) => path === `${folder}mod.ts`);
    if (door === undefined) return [`${folder} has no mod.ts`];
    return /```ts\n[^]+```/.test(headerOf(door.text)) ? [] : [`${door.path} has no example`];
  });
}

Deno.test("documentation: every file of the program opens with its contract", () => {
  assertEquals(
    [...programFiles(), ...filesBelow("tests/support", ".ts")].flatMap(withoutHeader),
    [],
  );
});

Deno.test("documentation: every export has its JSDoc", () => {
  assertEquals(
    [...programFiles(), ...filesBelow("tests/support", ".ts")].flatMap(undocumented),
    [],
  );
});

Deno.test("documentation: every folder has a door with an example", () => {
  assertEquals(badDoors(programFiles()), []);
});

Deno.test("documentation: what is missing is found, what is there is not", () => {
  const found = (text: string) => undocumented({ path: "p", text }).length;
  assertEquals(found("export const A = 1;"), 1);
  assertEquals(found("/** A. */\n\nexport const A = 1;"), 1);
  assertEquals(found("/** A. */\nexport const A = 1;"), 0);
  assertEquals(found("/** A. */\n// deno-lint-ignore x -- y\nexport class A {}"), 0);
  assertEquals(found("/** A. */\nexport function a(x: 1): 1;\nexport function a(x: 2): 2;"), 0);
  assertEquals(found("/** A. */\nexport function a(x: 1): 1;\nexport function b(x: 2): 2;"), 1);
  assertEquals(found("/** The two. */\nexport const A = 1;\nexport const B = 2;"), 0);
  assertEquals(found("/** One. */\nexport const A = 1;\n\nexport const B = 2;"), 1);
  assertEquals(found("/** One. */\nexport const A = 1;\nexport class B {}"), 1);
  assertEquals(found("export const A = 1;\nexport const B = 2;"), 2);
  assertEquals(found('export { a } from "./a.ts";'), 0);
  assertEquals(withoutHeader({ path: "p", text: "/** Short. */" }).length, 1);
  const door = { path: "a/mod.ts", text: "/**\n * A.\n * ```ts\n * a();\n * ```\n */" };
  assertEquals(badDoors([door, { path: "a/b.ts", text: "" }]), []);
  assertEquals(badDoors([door, { path: "a/b/c.ts", text: "" }]).length, 1);
  assertEquals(badDoors([{ path: "a/mod.ts", text: "/** A. */" }]).length, 1);
});
