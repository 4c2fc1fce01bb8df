/**
 * The rules of the house style that a program can check: short files or a reason at the top, no unfinished
 * code, no silenced lint without a reason, no swallowed error, no default export, names in snake_case.
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

/** Files whose default export another program requires. */
const DEFAULT_EXPORTS: Readonly<Record<string, string>> = {
  "tests/bench/peers/programs/deno_serve.ts": "deno serve takes its handler from there",
};

/** Searched in the whole text, because marks of unfinished code are in comments. */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(?:TODO|FIXME|XXX|HACK)\b(?!\|)/g, "is unfinished"],
  [/\b(?:anew|whoever|whomever|wherefrom)\b(?!\|)/g, "is not a plain word"],
  [/deno-lint-ignore(?:-file)?[\w\s-]*?(?<!-- .*)$/gm, "silences lint without a reason"],
  [/@ts-(?:ignore|nocheck|expect-error)(?! .)/g, "silences the type check without a reason"],
];

/** Searched in the code, without comments and strings. */
const IN_CODE: readonly (readonly [RegExp, string])[] = [
  [/\bcatch\s*(?:\(\w+\))?\s*\{\s*\}/g, "swallows an error"],
  [/\bDeno\.test\.only\b|^\s*only:\s*true/gm, "runs one test alone"],
  [/\bdebugger\b/g, "stops in the debugger"],
];

/** Every violation of the style in one file. */
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

/** The sentence that allows a long file; the reason has at least four words. */
const LONG_BECAUSE = new RegExp(
  `(?:^|\\. )Longer than ${MOST_LINES} lines because (?:[^\\s.]+ ){3,}[^.]+\\.`,
);

/** A file may be long if its header gives the reason in one fixed form; a short file may not say so. */
function tooLong({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split("\n").length;
  const header = headerOf(text).replace(/\s+/g, " ");
  const excused = LONG_BECAUSE.test(header);
  if (lines > MOST_LINES && !excused) {
    const form = `"Longer than ${MOST_LINES} lines because <reason>."`;
    return [`${path} has ${lines} lines and its header does not say ${form}`];
  }
  return lines <= MOST_LINES && excused
    ? [`${path} says that it is long, with ${lines} lines`]
    : [];
}

Deno.test("house style: every file", () => {
  // This file contains the samples of violations.
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
    "/** Reads long lines, which are longer than others. */\n" + "a;\n".repeat(401),
    "/** Longer than 400 lines because it is. */\n" + "a;\n".repeat(401),
    "/** Not longer than 400 lines because every code is listed here. */\n" + "a;\n".repeat(401),
    "/** Longer than 400 lines because every code is listed here. */\na;\n",
  ];
  for (const text of wrong) assertEquals(found(text), 1, text.slice(0, 60));
  assertEquals(found("a", "a/bC.ts"), 1);
  const right = [
    "// deno-lint-ignore no-explicit-any -- the package has no types",
    "// @ts-expect-error wrong on purpose",
    "try { a(); } catch (error) { if (!known(error)) throw error; }",
    '"export default 1"',
    "/**\n * A table. Longer than 400 lines because\n * every code is listed here.\n */\n" +
    "a;\n".repeat(401),
  ];
  for (const text of right) assertEquals(found(text), 0, text.slice(0, 60));
});
