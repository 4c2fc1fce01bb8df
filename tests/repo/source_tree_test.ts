/** Tests of source_tree.ts, which the checks in this folder use. */

import { assert, assertEquals } from "@std/assert";
import { blank, headerOf, importsOf, programFiles, resolveImport } from "./source_tree.ts";

Deno.test("source tree: comments and strings are blanked, code and lines stay", () => {
  const rows: [string, string, string][] = [
    ["a; // b", "a;     ", "a;     "],
    ["a /* b\nc */ d", "a     \n     d", "a     \n     d"],
    ['x = "// no"; y', 'x = "// no"; y', 'x = "     "; y'],
    ["x = '\\''; // c", "x = '\\'';     ", "x = '  ';     "],
    ["x = `a\n${b} // c`; d", "x = `a\n${b} // c`; d", "x = ` \n         `; d"],
    ['x = /["/]\\//g; // c', 'x = /["/]\\//g;     ', "x = /       g;     "],
    ["x = a / b; // c / d", "x = a / b;         ", "x = a / b;         "],
    ['f(/"/, "Deno.x")', 'f(/"/, "Deno.x")', 'f(/ /, "      ")'],
  ];
  for (const [text, withoutComments, withoutStrings] of rows) {
    assertEquals(blank(text, "comments"), withoutComments);
    assertEquals(blank(text, "comments and strings"), withoutStrings);
  }
});

Deno.test("source tree: imports of every form are found, words in comments are not", () => {
  const text = `
    import { a } from "./a.ts"; import type { B } from '../b.ts';
    import "./side.ts";
    export * from "./c.ts";
    // import { no } from "./no.ts";
    import bytes from "npm:x/y.js" with { type: "bytes" };
    const d = await import("./d.ts"); new Worker(new URL("./e.ts", import.meta.url));`;
  assertEquals(importsOf(text), [
    "./a.ts",
    "../b.ts",
    "./side.ts",
    "./c.ts",
    "npm:x/y.js",
    "./d.ts",
    "./e.ts",
  ]);
  assertEquals(resolveImport("runtime/os/a.ts", "../net/mod.ts"), "runtime/net/mod.ts");
  assertEquals(resolveImport("runtime/os/a.ts", "@std/assert"), undefined);
});

Deno.test("source tree: the header is the first comment", () => {
  assertEquals(headerOf("/**\n * One.\n *\n * Two.\n */\nimport x"), "One.\n\nTwo.");
  assertEquals(headerOf("import x;\n/** late */"), "");
});

Deno.test("source tree: the program is found", () => {
  const paths = programFiles().map(({ path }) => path);
  for (const path of ["main.ts", "runtime/mod.ts", "protocol/mod.ts", "protocol/errors.ts"]) {
    assert(paths.includes(path), path);
  }
});
