/**
 * The modules of an app, read and run: what they export is what the same files export when Deno runs them as modules.
 */

import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { toFileUrl } from "@std/path/posix/to-file-url";
import { type Exports, ModuleRunner } from "../../../../runtime/serve/app/module_runner.ts";
import { furtherFiles, readApp } from "../../../../runtime/serve/app_source/mod.ts";
import { AppFolder } from "../../../support/app_folder.ts";

async function runnerOf(path: string): Promise<ModuleRunner> {
  return new ModuleRunner(await readApp(path), furtherFiles);
}

async function run(path: string): Promise<Exports> {
  return await (await runnerOf(path)).run(path);
}

/** Files, of which `main.js` exports `result`: the same here and as modules of Deno's. */
const SAME_AS_DENO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "exports of every form": {
    "main.js": `import * as all from "./all.js";
      export const result = Object.keys(all).sort().map((name) => [name, typeof all[name]]);`,
    "all.js": `export const a = 1, b = () => 2;
      export let c; export var d = "d";
      export function f() {} export async function g() {} export function* h() {}
      export class K {}
      export const { e, x: [y], ...rest } = { e: 1, x: [2], z: 3 };
      const inner = 1; export { inner as outer, inner as "a name" };
      export default class extends K {}
      export * from "./more.js"; export * as space from "./more.js"; export { m as n } from "./more.js";`,
    "more.js": "export const m = 1; export const a = 'hidden'; export default 'not by a star';",
  },
  "default exports of every form": {
    "main.js": `import a from "./a.js"; import b from "./b.js"; import c from "./c.js";
      import d from "./d.js"; import e from "./e.js"; import { default as f } from "./f.js";
      export const result = [a(), typeof b, new c().x, d, e(), f, typeof (await import("./b.js")).default];`,
    "a.js": "export default function () { return 1; }\n[1].map(String)",
    "b.js": "export default async () => {}",
    "c.js": "export default class { x = 1 }\n(0, 1)",
    "d.js": "const d = 4; export { d as default };",
    "e.js": "export default function named() { return typeof named; }",
    "f.js": "export default\n  [1, 2]\n  .map((n) => n + 1);",
  },
  "comments in the heads of exports and imports": {
    "main.js": `import /* { */ { a /* } */, /* , */ b as // }
        c } from "./a.js"; import d from "./d.js"; import K from "./k.js";
      import * as all from "./all.js";
      export const result = [a, c, d, new K().x, K.name, Object.keys(all).sort(), typeof all.default];`,
    "all.js": `import { a, b as c } from "./a.js";
      export /* } */ { a as /* } x */ first, // }
        c /** {@link c} */ };
      export /* default */ default /* () */ async /**/ function /* * */ named() { return 1; }
      export /* * */ * /* from */ from "./more.js";`,
    "more.js": "export const more = 1;",
    "a.js":
      `export /* { */ const /* = */ a = "a"; let void_ = 2; export { /** a {@link x} } */ void_ as b };`,
    "d.js": "export /* a comment of fourteen */ default /* x */ (4);",
    "k.js": "export default /* extends */ class /* Name */ Named { x = 5 }",
  },
  "an export is live, and so is what another module re-exports": {
    "main.js": `import { count, inc, set } from "./count.js"; import { again } from "./again.js";
      const before = [count, again]; inc(); inc(); const between = [count, again]; set(9);
      export const result = [before, between, count, again];`,
    "count.js": `export let count = 0; export const inc = () => { count++; };
      export function set(value) { ({ value: count } = { value }); }`,
    "again.js": `import { count } from "./count.js"; export { count as again };`,
  },
  "names of inner scopes hide imported ones": {
    "main.js": `import { a, b } from "./ab.js";
      function f(a) { return a + b; } { let b = 5; f(b); }
      class K { a = a; static b = b; m({ a: q = b, ...r }) { return [q, r]; } }
      const o = { a, b() { return b; } }; const g = (b) => ({ a, b });
      function hoisted() { return typeof a; var a; }
      label: for (const a of [1]) { if (a) break label; }
      try { throw 3; } catch (a) { f(a); }
      export const result = [f(1), new K().a, K.b, new K().m({ z: 1 }), o.a, o.b(), g(7), hoisted(), \`\${a}\`];`,
    "ab.js": "export const a = 'A', b = 'B';",
  },
  "cycles": {
    "main.js": `import { even } from "./even.js"; export const result = [even(10), even(7)];`,
    "even.js": `import { odd } from "./odd.js";
      export function even(n) { return n === 0 || odd(n - 1); } export const one = odd(1);`,
    "odd.js": `import { even } from "./even.js"; export const odd = (n) => n !== 0 && even(n - 1);`,
  },
  "functions may be called in a cycle before their module has run": {
    "main.js": `import { useful } from "./useful.js"; import { odd } from "./odd.js"
      const list = [typeof odd]
      import more from "./more.js"
      ;[1].forEach((n) => list.push(n))
      export function main(n) { return n * 2 + more; }
      export class Late {} export const result = [useful, list, more, main(1)];`,
    "useful.js":
      `import { main, Late } from "./main.js"; import { odd } from "./odd.js"; export const useful = [];
      try { Late; } catch (error) { useful.push(error.name); }
      useful.push(typeof main, main(3), odd());`,
    "odd.js": `import { useful } from "./useful.js"; export { main as again } from "./main.js";
      export function odd() { return typeof useful; } export * from "./more.js";`,
    "more.js": "export default 10; export const alsoMore = 1;",
  },
  "top-level await, and the order of modules": {
    "main.js": `import { order } from "./order.js"; import "./slow.js";
      order.push("main"); export const result = order;`,
    "order.js": "export const order = [];",
    "slow.js": `import { order } from "./order.js"; order.push("slow begins");
      await new Promise((resolve) => setTimeout(resolve, 5)); order.push("slow ends");`,
  },
  "JSON, and an import() of a computed name": {
    "main.js": `import data, { } from "./data.json" with { type: "json" };
      const name = "./la" + "ter.js"; const { later } = await import(name);
      export const result = [data, later, (await import("./later.js")).later];`,
    "data.json": `{ "a": [1, 2] }`,
    "later.js": "export const later = 'loaded';",
  },
  "a query makes another module of a file, whose import.meta has it": {
    "main.js":
      `import { count, url } from "./count.js?v=1"; import * as same from "./count.js?v=1#";
      import * as plain from "./count.js"; import { value } from "./uses.js?x#y";
      const again = await import("./count.js?v=1"); const n = 2;
      const computed = await import("./count.js?v=" + n); await import("./count.js?v=2");
      export const result = [count, url.split("/").pop(), same.url.split("/").pop(), plain.count, again.count === count, computed.count,
        computed.url.split("/").pop(), value, globalThis.runs.splice(0).sort(),
        import.meta.resolve("./count.js?v=1").split("/").pop()];`,
    "count.js":
      `const runs = globalThis.runs ??= []; export let count = "of " + import.meta.url.split("?")[1];
      export const { url } = import.meta; runs.push(url.split("/").pop());`,
    "uses.js": `import data from "./data.json?1" with { type: "json" }; export const value = data;`,
    "data.json": "[7]",
  },
  "built-in modules": {
    "main.js": `import fs, { readFileSync } from "node:fs"; import * as path from "node:path";
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url); const exports = 1; const __dirname = 2;
      export const result = [fs.readFileSync === readFileSync, path.basename("/a/b"),
        typeof require("node:os").cpus, exports, __dirname];`,
  },
  "names that bundlers and others choose": {
    "main.js": `import fs from "node:fs"; import { f } from "./f.js";
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      var __require = (name) => typeof require(name), __exports = {}, __meta = 1, __import = 2, __plain = 3;
      const __default = 4, __from0 = 5, __star = 6; export default __default;
      export const result = [__require("node:fs"), require("node:fs") === fs, __default, __from0, __exports,
        'import "./x.js"; require("./f.js"); (_f.f).call(void 0, 1)', \`require('./f.js')\`, /require\\("node:fs"\\)/.source, f.call(void 0, 7)];`,
    "f.js": "export const f = (x) => x;",
  },
  "two import()s at once of modules that import each other": {
    "main.js":
      `const all = await Promise.all([import("./one.js"), import("./two.js"), import("./one.js")]);
      export const result = all.map(({ name, other }) => [name, other()]);`,
    "one.js": `import "node:fs"; import { name as its } from "./two.js";
      export const name = "one"; export const other = () => its;`,
    "two.js": `import "node:path"; import { name as its } from "./one.js";
      export const name = "two"; export const other = () => its;`,
  },
  "this, strictness and functions with properties": {
    "main.js": `import { fn, proxy, tag } from "./fn.js";
      const self = this; let isStrict = false; try { undeclared = 1; } catch { isStrict = true; }
      const before = 1
      fn()
      export const result = [self, isStrict, fn(), fn.call.length, proxy("x"), tag\`a\${1}b\`]; 
    `,
    "fn.js": `export function fn() { return this === undefined; }
      export const proxy = new Proxy(() => {}, { get: (_, key) => { throw new Error(String(key)); }, apply: (_, __, args) => args });
      export const tag = (texts, ...values) => [...texts, ...values];`,
  },
};

for (const [name, files] of Object.entries(SAME_AS_DENO)) {
  Deno.test(`app modules: ${name}`, async () => {
    using folder = new AppFolder({ ...files, "package.json": `{ "type": "module" }` });
    const main = folder.file("main.js");
    const { result } = await import(toFileUrl(main).href);
    assertEquals((await run(main))["result"], result);
  });
}

Deno.test("app modules: types and JSX are removed, enums and parameter properties work", async () => {
  using folder = new AppFolder({
    "main.tsx": `/** @jsxImportSource ui */
      import { type Shape, area } from "./shape";
      import type { Nothing } from "./nowhere.ts";
      enum Colour { Red, Green = 5 }
      abstract class Base<T> { constructor(protected readonly value: T) {} abstract name(): string; }
      class Named extends Base<string> { override name() { return this.value!; } }
      const shape = { side: 3 } satisfies Shape; declare const nothing: Nothing;
      export const result: unknown[] = [area(shape as Shape), Colour.Green, Colour[0], new Named("n").name(), <b id="x">y</b>];`,
    "shape.ts": `export interface Shape { side: number }
      export function area({ side }: Shape): number { return side ** 2; }`,
    "node_modules/ui/package.json": `{ "name": "ui", "exports": { "./jsx-runtime": "./jsx.js" } }`,
    "node_modules/ui/jsx.js": "exports.jsx = (type, props) => [type, props];",
  });
  assertEquals((await run(folder.file("main.tsx")))["result"], [
    9,
    5,
    "Red",
    "n",
    ["b", { id: "x", children: "y" }],
  ]);
});

Deno.test("app modules: what is left of types joins no statements, and what only types use is not imported", async () => {
  using folder = new AppFolder({
    "main.ts": `import { Only, value } from "./value.ts"; import Nowhere from "./types-only.d.ts"
      import { cast, Space } from "./space.ts"
      const calls: unknown[] = []
      const a = value
      type X = string
      (calls as unknown[]).push(a)
      const b = value as X
      [1].forEach((n) => calls.push(n))
      interface Y { y: 1 }
      \`t\`.split("").forEach((t) => calls.push(t))
      declare const never: Nowhere
      let only: Only | undefined
      export const result = [...calls, only, Space.inside, cast(5)]`.replaceAll(/\n +/g, "\n"),
    "value.ts": "export type Only = 1; export const value = 'v';",
    // Needs other code than spaces.
    "space.ts": `import { Only } from "./value.ts"
      export namespace Space { export const inside = "inside" }
      export const cast = (x: unknown) => { return <Only>
        x }`,
  });
  assertEquals((await run(folder.file("main.ts")))["result"], [
    "v",
    1,
    "t",
    undefined,
    "inside",
    5,
  ]);
});

Deno.test("app modules: packages by their exports, main and conditions, CommonJS ones as in Node", async () => {
  using folder = new AppFolder({
    "main.ts": `import whole, { named } from "common"; import { inner } from "esm/inner";
      import { version } from "esm"; import own from "#own"; import { scoped } from "@a/b";
      import { scoped as again } from "npm:@a/b@^1.2";
      import { odd } from "odd"; import { odder } from "odder"; import babel, { later } from "babel";
      import { lazy, none } from "computed"; let code; try { none(); } catch (error) { code = error.code; }
      export const result = [whole.named === named, named, inner, version, own, scoped, again === scoped,
        odd, odder, babel.default, later, lazy(), code];`,
    "package.json": `{ "name": "top", "imports": { "#own": "./own.js" } }`,
    "own.js": "export default 'own';",
    "node_modules/common/package.json": `{ "main": "lib" }`,
    "node_modules/common/lib/index.js":
      `const { join } = require("path"); const data = require("../data"); try { require("optional"); } catch (error) { exports.code = error.code; }
       exports.named = [join("a", "b"), data.x, exports.code, __filename.endsWith("index.js"), typeof module];`,
    "node_modules/common/data.json": `{ "x": 1 }`,
    "node_modules/esm/package.json":
      `{ "type": "module", "exports": { ".": { "browser": "./no.js", "import": "./index.js", "require": "./no.cjs" }, "./inner": { "node": "./inner.mjs" } } }`,
    "node_modules/esm/index.js": `import json from "./package.json" with { type: "json" };
       export const version = typeof json.exports;`,
    "node_modules/esm/inner.mjs": "import { scoped } from '@a/b'; export const inner = scoped;",
    "node_modules/@a/b/package.json": `{ "main": "b.js" }`,
    "node_modules/@a/b/b.js": "exports.scoped = {};",
    "node_modules/computed/index.js":
      "const name = 'x'; exports.lazy = () => require('./parts/' + name + '.js').part; exports.none = () => require(`./none/${name}`);",
    "node_modules/computed/parts/x.js": "exports.part = require(`os`).EOL + require('./y').y;",
    "node_modules/computed/parts/y.json": `{ "y": "y" }`,
    // CommonJS without a mention of its usual names, and as Babel writes it in its loose mode.
    "node_modules/odd/index.js": "module['exports'] = { odd: 1 };",
    "node_modules/odder/index.js":
      "Object.defineProperty(module, 'exports', { get: () => ({ odder: 2 }) });",
    "node_modules/babel/index.js":
      "exports.__esModule = true; exports.default = { babel: 3 }; exports.later = 0; exports.later = 4;",
  });
  assertEquals((await run(folder.file("main.ts")))["result"], [
    true,
    ["a/b", 1, "MODULE_NOT_FOUND", true, "object"],
    {},
    "object",
    "own",
    {},
    true,
    1,
    2,
    { babel: 3 },
    4,
    "\ny",
    "MODULE_NOT_FOUND",
  ]);
});

Deno.test("app modules: a stack names the file and the line as they were written", async () => {
  using folder = new AppFolder({
    "main.ts": `import { fail } from "./fail.ts";
export {
  fail as default,
} from "./fail.ts";
interface Nothing {
  nothing: true;
}
export const run = (): unknown => fail({ nothing: true });
`,
    "fail.ts":
      "\ntype A =\n  | 1\n  | 2;\nexport const fail = (_: unknown): Error =>\n  new Error('here');\n",
  });
  const main = folder.file("main.ts");
  const exports = await run(main);
  const { stack = "" } = (exports["run"] as () => Error)();
  assertMatch(stack, new RegExp(`at .*${toFileUrl(folder.file("fail.ts")).href}:6:\\d+`));
  assertMatch(stack, new RegExp(`at .*${toFileUrl(main).href}:8:\\d+`));
  assertStrictEquals(exports["default"], exports["default"]);
});

Deno.test("app modules: a new runner has fresh copies of all modules, an old one keeps its own", async () => {
  using folder = new AppFolder({
    "main.ts": `import { word } from "./word.ts"; export const say = () => word;`,
    "word.ts": `export const word: string = "old";`,
  });
  const main = folder.file("main.ts");
  const old = await run(main);
  folder.write("word.ts", `export const word: string = "new";`);
  const fresh = await run(main);
  const say = (exports: Exports) => (exports["say"] as () => string)();
  assertEquals([say(old), say(fresh)], ["old", "new"]);
});

Deno.test("app modules: import.meta has what Deno, Node and Bun have", async () => {
  using folder = new AppFolder({
    "main.ts":
      `export const meta = import.meta; export const other = import.meta.resolve("./x.js");`,
  });
  const main = folder.file("main.ts");
  const { meta, other } = await run(main) as { meta: ImportMeta; other: string };
  assertEquals([meta.filename, meta.dirname, meta.url, meta.main], [
    main,
    folder.path,
    toFileUrl(main).href,
    false,
  ]);
  assertEquals(other, toFileUrl(folder.file("x.js")).href);
  assert(typeof meta.resolve === "function");
});
