/**
 * An app that cannot be loaded: the start ends with exit code 1 and one line that names the file, the line, and what to do.
 */

import { assert, assertEquals } from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { runServer } from "../../support/server.ts";

interface Row {
  readonly name: string;
  /** The app is `app.ts`, unless `app` names another file. */
  readonly files: Readonly<Record<string, string>>;
  readonly app?: string;
  /** The line without its beginning; `DIR` is the app's folder. */
  readonly reason: string;
}

const APP = "export default { fetch: () => new Response('hello') };\n";

const ROWS: readonly Row[] = [
  {
    name: "there is no such file",
    files: {},
    reason: "DIR/app.ts: the file does not exist",
  },
  {
    name: "its name is misspelled",
    files: { "app.ts": APP },
    app: "app.tx",
    reason: "DIR/app.tx: the file does not exist; did you mean app.ts?",
  },
  {
    name: "a syntax error",
    files: { "app.ts": `${APP}\nconst a: number = ;\n` },
    reason: "DIR/app.ts:3:19: syntax error: Expression expected",
  },
  {
    name: "an error behind what is compiled",
    files: {
      "app.ts":
        `enum Color {\n  Red,\n}\nclass P {\n  constructor(readonly a: string) {}\n}\n\nthrow new Error("no");\n`,
    },
    reason: "DIR/app.ts:8: it throws when it is loaded: Error: no",
  },
  {
    name: "an error that only V8 finds",
    files: { "app.ts": `import "./lib.ts";\n${APP}`, "lib.ts": "let a = 1;\n\nlet a = 2;\n" },
    reason: "DIR/lib.ts:3: syntax error: Identifier 'a' has already been declared",
  },
  {
    name: "an import of a file that is not there",
    files: { "app.ts": `\nimport "./libb.ts";\n${APP}`, "lib.ts": "" },
    reason:
      `DIR/app.ts:2: cannot import "./libb.ts": there is no file DIR/libb.ts; did you mean ./lib.ts?`,
  },
  {
    name: "an import of a package that is not installed",
    files: { "app.ts": `import { Hono } from "hono";\nnew Hono();\n${APP}` },
    reason:
      `DIR/app.ts:1: cannot import "hono": there is no package hono in a folder node_modules beside the file or above; run "npm install hono" in DIR`,
  },
  {
    name: "an import from the network",
    files: { "app.ts": `import "https://deno.land/std/http/mod.ts";\n${APP}` },
    reason:
      `DIR/app.ts:1: cannot import "https://deno.land/std/http/mod.ts": modules are not loaded from the network; install the package with npm, or bundle the app into one file`,
  },
  {
    name: "an import of a name that is not exported",
    files: {
      "app.ts": `\nimport {\n  anwser,\n} from "./lib.ts";\nanwser();\n${APP}`,
      "lib.ts": "export const answer = () => 42;\n",
    },
    reason: `DIR/app.ts:4: "./lib.ts" has no export "anwser"; did you mean answer?`,
  },
  {
    name: "an exception at the top level",
    files: {
      "app.ts": `import { run } from "./lib.ts";\nrun();\n${APP}`,
      "lib.ts": "type A = 1;\nexport function run(): void {\n  null!.x;\n}\n",
    },
    reason:
      "DIR/lib.ts:3: it throws when it is loaded: TypeError: Cannot read properties of null (reading 'x')",
  },
  {
    name: "Bun's own functions",
    files: { "app.ts": "Bun.serve({ fetch: () => new Response() });\n" },
    reason:
      "DIR/app.ts:1: it throws when it is loaded: ReferenceError: Bun is not defined; Bun's own functions exist in Bun alone: what is given to Bun.serve is the default export of an app",
  },
  {
    name: "a top-level await that never ends",
    files: { "app.ts": `import "./lib.ts";\n${APP}`, "lib.ts": "await new Promise(() => {});\n" },
    reason:
      "DIR/lib.ts: its top level has not ended after 10 s: an await there never ends; do such work in start(), or later",
  },
  {
    name: "no default export",
    files: { "app.ts": "export const fetch = () => new Response();\n" },
    reason:
      "DIR/app.ts: it has no default export; it exports fetch by name: export default { fetch }",
  },
  {
    name: "a default export without any part of an app",
    files: { "app.ts": "export default { fetsh: () => new Response() };\n" },
    reason: "DIR/app.ts: its default export has no part of an app, but fetsh; did you mean fetch?",
  },
  {
    name: "a part of a wrong type",
    files: { "app.ts": "export default { fetch: 'hello' };\n" },
    reason: "DIR/app.ts: its fetch must be a function, not a string",
  },
  {
    name: "a function as the default export",
    files: { "app.js": "export default () => new Response();\n" },
    app: "app.js",
    reason: "DIR/app.js: its default export is a function; export default { fetch: … } instead",
  },
  {
    name: "decorators",
    files: { "app.ts": `${APP}\nfunction d(_: unknown) {}\n@d\nclass A {}\n` },
    reason:
      "DIR/app.ts:4: decorators are not supported: bundle the app with a tool that compiles them",
  },
];

/** Apps that load, and cannot start. */
const STARTS: readonly (readonly [name: string, part: string, reason: string])[] = [
  [
    "a start that throws",
    "start() {\n    throw new TypeError('no database');\n  }",
    "DIR/app.ts:4: its start() has thrown: TypeError: no database",
  ],
  [
    "a start that rejects without an error",
    "start: () => Promise.reject('no'),",
    "DIR/app.ts: its start() has thrown: no",
  ],
  [
    "a schedule without a time",
    "scheduled: { every: '1x', run() {} },",
    'DIR/app.ts: scheduled.every is "1x": it must be a time, as "10s"',
  ],
];

for (const [name, part, reason] of STARTS) {
  Deno.test(`app: it cannot start: ${name}`, async () => {
    using folder = new AppFolder({
      "app.ts": `export default {\n  fetch: () => new Response("ok"),\n  ${part}\n};\n`,
    });
    const args = ["1", "127.0.0.1", "0", "--log", "off", "--app", folder.file("app.ts")];
    const { code, stdout, stderr } = await runServer(args);
    const expected = reason.replaceAll("DIR", folder.path);
    assertEquals(stderr, `async-deno: cannot start --app: ${expected}\n`);
    assertEquals([code, stdout], [1, ""]);
  });
}

for (const { name, files, app = "app.ts", reason } of ROWS) {
  Deno.test(`app: it cannot be loaded: ${name}`, async () => {
    using folder = new AppFolder(files);
    const file = folder.file(app);
    const args = ["1", "127.0.0.1", "0", "--log", "off", "--app", file];
    const { code, stdout, stderr } = await runServer(args);
    const expected = reason.replaceAll("DIR", folder.path);
    assertEquals(stderr, `async-deno: cannot load --app ${file}: ${expected}\n`);
    assertEquals([code, stdout], [1, ""]);
  });
}

Deno.test("app: --check loads nothing into a server, and reports what a start would", async () => {
  using folder = new AppFolder({ "app.ts": "export default { fetsh: 1 };\n", "right.ts": APP });
  const wrong = await runServer(["--check", "--app", folder.file("app.ts")]);
  assertEquals(wrong.code, 2);
  assert(wrong.stderr.includes("did you mean fetch?"), wrong.stderr);
  const right = await runServer(["--check", "--app", folder.file("right.ts")]);
  assertEquals([right.code, right.stderr], [0, ""]);
  assert(right.stdout.includes(`app = "${folder.file("right.ts")}"`), right.stdout);
});
