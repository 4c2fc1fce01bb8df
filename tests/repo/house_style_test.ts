/**
 * What of the house style a machine can see: short files or a reason at the top, no unfinished ends,
 * no silenced lint without a reason, no swallowed error, no default export, names in snake_case.
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

const MOST_LINES = 400;

/** Where a default export is what somebody else's interface asks for. */
const DEFAULT_EXPORTS: Readonly<Record<string, string>> = {
  "tests/bench/peers/programs/deno_serve.ts": "deno serve takes its handler from there",
};

/** In the whole text: unfinished ends stand in comments. */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(?:TODO|FIXME|XXX|HACK)\b(?!\|)/g, "is unfinished"],
  [/deno-lint-ignore(?:-file)?[\w\s-]*?(?<!-- .*)$/gm, "silences lint without a reason"],
  [/@ts-(?:ignore|nocheck|expect-error)(?! .)/g, "silences the type check without a reason"],
];

/** In the code: without comments and strings. */
const IN_CODE: readonly (readonly [RegExp, string])[] = [
  [/\bcatch\s*(?:\(\w+\))?\s*\{\s*\}/g, "swallows an error"],
  [/\bDeno\.test\.only\b|^\s*only:\s*true/gm, "runs one test alone"],
  [/\bdebugger\b/g, "stops in the debugger"],
];

/** Everything in one file that the style does not have. */
function violations(file: SourceFile): string[] {
  const { path, text } = file;
  const code = blank(text, "comments and strings");
  const at = (within: string, [pattern, fault]: readonly [RegExp, string]) =>
    [...within.matchAll(pattern)].map(({ index }) => `${path}:${lineAt(within, index)} ${fault}`);
  return [
    ...IN_TEXT.flatMap((rule) => at(text, rule)),
    ...IN_CODE.flatMap((rule) => at(code, rule)),
    ...(path in DEFAULT_EXPORTS ? [] : at(code, [/^export default\b/gm, "exports by default"])),
    ...tooLong(file),
    ...(/(?:^|\/)[a-z0-9_]+\.ts$/.test(path) ? [] : [`${path} is not in snake_case`]),
  ];
}

/** RFC-like tables and byte machines may be long, if the header says why: "long" or "lines". */
function tooLong({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split("\n").length;
  const excused = /\b(?:long|longer|lines)\b/i.test(headerOf(text));
  return lines > MOST_LINES && !excused ? [`${path} has ${lines} lines and does not say why`] : [];
}

Deno.test("house style: every file", () => {
  // This file holds the samples of what is wrong.
  const tests = filesBelow("tests", ".ts").filter(({ path }) =>
    !path.endsWith("/house_style_test.ts")
  );
  assertEquals([...programFiles(), ...tests].flatMap(violations), []);
});

Deno.test("house style: each fault is found, and nothing else", () => {
  const found = (text: string, path = "a/b_c.ts") => violations({ path, text }).length;
  const wrong = [
    "// TODO: later",
    "/* FIXME */",
    "// deno-lint-ignore no-explicit-any",
    "// @ts-ignore",
    "try { a(); } catch {}",
    "try { a(); } catch (error) {\n}",
    "try { a(); } catch {\n // comments are no handling\n}",
    "export default 1;",
    "Deno.test.only('a', f);",
    "a;\n".repeat(401),
  ];
  for (const text of wrong) assertEquals(found(text), 1, text.slice(0, 60));
  assertEquals(found("a", "a/bC.ts"), 1);
  const right = [
    "// deno-lint-ignore no-explicit-any -- the package has no types",
    "// @ts-expect-error wrong on purpose",
    "try { a(); } catch (error) { if (!known(error)) throw error; }",
    '"export default 1"',
    "/** A table, long since it lists every code. */\n" + "a;\n".repeat(401),
  ];
  for (const text of right) assertEquals(found(text), 0, text.slice(0, 60));
});
