#!/usr/bin/env bash
# `sucrase` and `amaro`, which take the types out of TypeScript, and lines without semicolons.
#
# A guess: both give the JavaScript that the compiler `tsc` would, or an error. sucrase takes a type out and leaves nothing
# in its place: a type alias between two lines was what ended the first of them, so "let x = 1" and a line that begins with
# a parenthesis become one call, which throws; `return <any>` with the value on the next line returns undefined; a
# namespace vanishes, its uses stay. Nothing is reported. amaro puts a semicolon where one was implied, and refuses or
# compiles the other two, by its mode. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund sucrase@3.35.1 amaro@1.2.1 typescript@5.9.3 >/dev/null
cat >types.mjs <<'JS'
import { transformSync } from "amaro";
import { transform } from "sucrase";
import ts from "typescript";

const sources = {
  "alias between lines": "let x = 1\ntype Y = number\n(function () { x = 2 })()\nexport const result: Y = x",
  "cast before a new line": "function f() {\n  return <any>\n    5\n}\nexport const result = f()",
  namespace: "namespace N { export const a = 1 }\nexport const result = N.a",
};
const { ESNext } = ts.ScriptTarget;
const compilers = {
  tsc: (source) => ts.transpile(source, { module: ts.ModuleKind.ESNext, target: ESNext }),
  sucrase: (source) => transform(source, { transforms: ["typescript"], disableESTransforms: true }).code,
  "amaro, strip-only": (source) => transformSync(source, { mode: "strip-only" }).code,
  "amaro, transform": (source) => transformSync(source, { mode: "transform" }).code,
};

/** What a source compiles to, and what that gives. */
async function outcome(compile, source) {
  let code;
  try {
    code = compile(source);
  } catch {
    return "refused";
  }
  const module = import(`data:text/javascript,${encodeURIComponent(code)}`);
  return await module.then(({ result }) => `${result}`, (error) => error.name);
}
const seen = [];
for (const [name, compile] of Object.entries(compilers)) {
  const outcomes = [];
  for (const [row, source] of Object.entries(sources)) outcomes.push(`${row}: ${await outcome(compile, source)}`);
  seen.push(`${name}: ${outcomes.join(", ")}`);
}
console.log(seen.join("\n"));
const rows = (...results) => Object.keys(sources).map((row, i) => `${row}: ${results[i]}`).join(", ");
const expected = [
  `tsc: ${rows(2, 5, 1)}`,
  `sucrase: ${rows("TypeError", undefined, "ReferenceError")}`,
  `amaro, strip-only: ${rows(2, "refused", "refused")}`,
  `amaro, transform: ${rows(2, 5, 1)}`,
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
node types.mjs
