/**
 * protocol/ is bytes in, events and bytes out: no system, clock, randomness, timer, promise or log.
 * So it runs under any transport, in tests and in fuzzers.
 */

import { assertEquals } from "@std/assert";
import { blank, filesBelow, lineAt, type SourceFile } from "./source_tree.ts";

const BANNED = new RegExp(
  [
    ...["Deno", "process", "Date", "performance", "console", "crypto", "Promise", "fetch"],
    ...["setTimeout", "setInterval", "queueMicrotask", "async", "await", "Math\\.random"],
    ...["BigInt", "BigInt64Array", "BigUint64Array"],
  ].map((name) => `(?<![.\\w$#])${name}(?![\\w$]|\\s*:)`).join("|"),
  "g",
);

/** The lines of a file with banned names. */
function violations({ path, text }: SourceFile): string[] {
  const code = blank(text, "comments and strings");
  return [...code.matchAll(BANNED)].map((match) => {
    return `${path}:${lineAt(code, match.index)} says ${match[0]}`;
  });
}

Deno.test("protocol purity: no file contains a banned name", () => {
  assertEquals(filesBelow("protocol", ".ts").flatMap(violations), []);
});

Deno.test("protocol purity: each banned name is found, and only in code", () => {
  const wrong = [
    "Deno.readFile(x)",
    "const now = Date.now();",
    "Math.random()",
    "setTimeout(f, 1)",
    "async function f() {}",
    "await x",
    "new Promise(f)",
    "console.log(1)",
    "performance.now()",
    "crypto.subtle",
    "BigInt(1)",
  ];
  for (const text of wrong) assertEquals(violations({ path: "p", text }).length, 1, text);
  const right = [
    "// Deno.x",
    '"Date"',
    "this.date = 1;",
    "DateField",
    "x.Date",
    "/** await */",
    "Date: 1",
  ];
  for (const text of right) assertEquals(violations({ path: "p", text }), [], text);
});
