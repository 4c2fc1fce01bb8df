/**
 * The allowed imports: main.ts → runtime/mod.ts → protocol/mod.ts, never upwards, and inside of runtime/
 * only from higher layers to lower ones, through the other folder's mod.ts.
 */

import { assertEquals } from "@std/assert";
import { importsOf, programFiles, resolveImport, type SourceFile } from "./source_tree.ts";

/**
 * The layers of runtime/, lowest first; parts of one layer do not import each other. A part is a
 * folder of runtime/, a folder of a wing, or a file directly in runtime/ without its ending.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["os", "ring", "channels", "config", "signals", "spelling", "error_message"],
  ["tls"],
  ["net", "thread", "observe/log", "serve/assets", "serve/answers", "serve/tokens"],
  ["serve/session", "serve/app_source", "serve/broker"],
  [
    "serve/files",
    "serve/auth",
    "serve/deflate",
    "serve/channels",
    "serve/hub",
    "serve/engine",
    "serve/webhooks",
  ],
  ["serve/centrifuge"],
  ["serve/channel_streams", "serve/channel_proxy", "serve/pusher"],
  ["serve/app"],
  ["serve/routes"],
  ["serve/worker", "observe/admin"],
  ["native", "deno"],
  ["executor"],
  ["cli"],
  ["mod"],
];

/** Folders whose own folders are parts. */
const WINGS: readonly string[] = ["serve", "observe"];

/** The imports of main.ts: the program, and the signal listeners, which are added before the program is loaded. */
const FOR_MAIN: readonly string[] = ["runtime/mod.ts", "runtime/signals.ts"];

/** What protocol/ may import from outside: data, no behaviour. */
const PROTOCOL_MAY_IMPORT = ["@std/http/status"];

/**
 * What runtime/ may import of protocol/: the door, that for threads which read no requests, and those of parts that
 * most threads never load, because they are switched off by default.
 */
const PROTOCOL_DOORS: readonly string[] = [
  "protocol/mod.ts",
  "protocol/basics.ts",
  "protocol/centrifuge/mod.ts",
  "protocol/json/mod.ts",
  "protocol/fossil/mod.ts",
  "protocol/pusher/mod.ts",
];

/** What the thread of a log loads instead of mod.ts: each has a part of its folder. */
const DOORS_FOR_LOGS: readonly string[] = ["runtime/os/logs.ts", "runtime/ring/logs.ts"];

/** The wrong imports of one file. */
function violations(file: SourceFile): string[] {
  return importsOf(file.text).flatMap((specifier) => {
    const target = resolveImport(file.path, specifier);
    const problem = target === undefined
      ? judgeBare(file.path, specifier)
      : judge(file.path, target);
    return problem === undefined ? [] : [`${file.path} imports ${specifier}: ${problem}`];
  });
}

function judgeBare(path: string, specifier: string): string | undefined {
  if (path.startsWith("protocol/") && !PROTOCOL_MAY_IMPORT.includes(specifier)) {
    return "protocol/ imports nothing from outside";
  }
  if (path.startsWith("runtime/ring/")) return "ring imports nothing";
  return undefined;
}

function judge(path: string, target: string): string | undefined {
  const from = path.split("/")[0]!;
  const to = target.split("/")[0]!;
  if (to === "tests" || to === "main.ts") return "nothing in the program imports that";
  if (from === "main.ts") return FOR_MAIN.includes(target) ? undefined : `only ${FOR_MAIN}`;
  if (target === "deno.json") return path.startsWith("runtime/cli/") ? undefined : "only the cli";
  if (from === "protocol") {
    return to === "protocol" ? undefined : "protocol/ imports nothing above it";
  }
  if (to === "protocol") {
    return PROTOCOL_DOORS.includes(target) ? undefined : `only ${PROTOCOL_DOORS}`;
  }
  return judgeRuntime(partOf(path), target);
}

function judgeRuntime(from: string, target: string): string | undefined {
  const to = partOf(target);
  if (from === to) return undefined;
  const [lower, upper] = [layerOf(to), layerOf(from)];
  if (lower < 0 || upper < 0) return `${lower < 0 ? to : from} has no place in LAYERS`;
  if (lower >= upper) return `${to} is not below ${from}`;
  // The module of a thread is not imported: the executor names it by URL.
  if (from === "executor" && target.endsWith("_thread.ts")) return undefined;
  if (from === "executor" && DOORS_FOR_LOGS.includes(target)) return undefined;
  const isFile = target.split("/").length === 2;
  return isFile || target === `runtime/${to}/mod.ts`
    ? undefined
    : "not through the other folder's mod.ts";
}

function partOf(path: string): string {
  const [, folder = "", inner = ""] = path.split("/");
  return WINGS.includes(folder) ? `${folder}/${inner}` : folder.replace(/\.\w+$/, "");
}

function layerOf(part: string): number {
  return LAYERS.findIndex((layer) => layer.includes(part));
}

Deno.test("import direction: every file of the program", () => {
  assertEquals(programFiles().flatMap(violations), []);
});

Deno.test("import direction: each wrong import is found, each right one is not", () => {
  const rows: [path: string, specifier: string, wrong: boolean][] = [
    ["main.ts", "./runtime/mod.ts", false],
    ["main.ts", "./runtime/signals.ts", false],
    ["main.ts", "./runtime/cli.ts", true],
    ["main.ts", "./protocol/mod.ts", true],
    ["protocol/http1/connection.ts", "../errors.ts", false],
    ["protocol/mod.ts", "@std/http/status", false],
    ["protocol/mod.ts", "@std/encoding/hex", true],
    ["protocol/sha1.ts", "../runtime/config/mod.ts", true],
    ["runtime/serve/session/a.ts", "../../../protocol/mod.ts", false],
    ["runtime/serve/session/a.ts", "../../../protocol/sha1.ts", true],
    ["runtime/serve/channels/a.ts", "../../../protocol/centrifuge/mod.ts", false],
    ["runtime/serve/channels/a.ts", "../../../protocol/centrifuge/replies.ts", true],
    ["runtime/serve/session/a.ts", "../../net/mod.ts", false],
    ["runtime/serve/session/a.ts", "../../net/loop.ts", true],
    ["runtime/serve/session/a.ts", "../routes/mod.ts", true],
    ["runtime/net/a.ts", "../native/mod.ts", true],
    ["runtime/native/a.ts", "../deno/mod.ts", true],
    ["runtime/native/a.ts", "../serve/worker/mod.ts", false],
    ["runtime/executor/a.ts", "../os/logs.ts", false],
    ["runtime/executor/a.ts", "../os/log_file.ts", true],
    ["runtime/native/a.ts", "../os/logs.ts", true],
    ["runtime/os/a.ts", "./b.ts", false],
    ["runtime/os/a.ts", "../ring/mod.ts", true],
    ["runtime/ring/a.ts", "@std/assert", true],
    ["runtime/ring/a.ts", "../../tests/support/random.ts", true],
    ["runtime/cli.ts", "./executor.ts", false],
    ["runtime/executor.ts", "./cli.ts", true],
    ["runtime/unheard_of.ts", "./config/mod.ts", true],
  ];
  for (const [path, specifier, wrong] of rows) {
    const found = violations({ path, text: `import "${specifier}";` });
    assertEquals(found.length > 0, wrong, `${path} ${specifier}`);
  }
});
