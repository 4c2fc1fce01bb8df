import { assertEquals } from "@std/assert";
import { errorLines, noteAppFile } from "../../../../runtime/observe/log/mod.ts";

noteAppFile("file:///srv/my%20app%20(1)/app.ts", "/srv/my app (1)/app.ts");
noteAppFile("file:///srv/lib.ts", "/srv/lib.ts");

/** An error whose stack is given. */
function failed(text: string, calls: readonly string[], cause?: unknown): Error {
  const error = new Error(text, cause === undefined ? undefined : { cause });
  error.stack = [`Error: ${text}`, ...calls.map((call) => `    at ${call}`)].join("\n");
  return error;
}

const APP = "file:///srv/my%20app%20(1)/app.ts";

/** Calls, and what is shown of them. */
const CASES: Readonly<Record<string, readonly [calls: string[], shown: string[]]>> = {
  "the app's": [
    [`Object.fetch (${APP}:7:29)`, `${APP}:3:1`, "async Object.later (file:///srv/lib.ts:12:3)"],
    [
      "Object.fetch (/srv/my app (1)/app.ts:7)",
      "/srv/my app (1)/app.ts:3",
      "async Object.later (/srv/lib.ts:12)",
    ],
  ],
  "the server's, Deno's and V8's": [
    [
      "App.handle (file:///tmp/deno-compile-async-deno/runtime/serve/app/app.ts:99:23)",
      "dirname (https://jsr.io/@std/path/1.0.0/posix/dirname.ts:3:1)",
      "fetch (ext:deno_fetch/26_fetch.js:481:11)",
      "node:internal/timers:1:2",
      "JSON.stringify (<anonymous>)",
      "new Promise (<anonymous>)",
      "async Promise.all (index 0)",
      "<anonymous>",
      "<anonymous>:1:7",
    ],
    [],
  ],
  "the app's among others": [
    [
      "JSON.stringify (<anonymous>)",
      `eval (eval at fetch (${APP}:9:1), <anonymous>:1:1)`,
      `${APP}:9:1`,
    ],
    ["/srv/my app (1)/app.ts:9"],
  ],
  "a path as Deno writes it": [
    ["Object.fetch (file:///srv/my app (1)/app.ts:7:29)", "file:///srv/my app (1)/app.ts:3:1"],
    ["Object.fetch (/srv/my app (1)/app.ts:7)", "/srv/my app (1)/app.ts:3"],
  ],
  "a file that is not the app's": [["file:///srv/other.ts:1:1"], []],
};

for (const [name, [calls, shown]] of Object.entries(CASES)) {
  Deno.test(`error lines: ${name}`, () => {
    const expected = ["Error: failed", ...shown.map((call) => `    at ${call}`)];
    assertEquals(errorLines(failed("failed", calls)), expected);
  });
}

Deno.test("error lines: a cause has its own calls", () => {
  const cause = failed("inner", ["JSON.parse (<anonymous>)", "file:///srv/lib.ts:2:1"]);
  assertEquals(errorLines(failed("outer", [`${APP}:1:1`], cause)), [
    "Error: outer",
    "    at /srv/my app (1)/app.ts:1",
    "caused by: Error: inner",
    "    at /srv/lib.ts:2",
  ]);
});

Deno.test("error lines: a message keeps all its lines", () => {
  const text = "one\n  at once\n    at 10:30\ntwo";
  assertEquals(errorLines(failed(text, [])), ["Error: one", "  at once", "    at 10:30", "two"]);
});
