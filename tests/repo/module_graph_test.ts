/**
 * The modules that each thread loads at its start, from `deno info`. Every module costs time and memory in
 * each thread that loads it, so threads that handle no requests load no sessions, and a worker loads only the
 * transport that it uses.
 */

import { assertEquals } from "@std/assert";
import { REPOSITORY } from "../support/server.ts";

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }[];
}

/** The program's files that `root` imports, directly or indirectly; without those of `import()` and types. */
async function loadedBy(root: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", root],
    cwd: REPOSITORY,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: ModuleInfo[] };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const found = new Set<string>();
  const waiting = [new URL(root, REPOSITORY).href];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const { isDynamic, code } of known.get(next)?.dependencies ?? []) {
      if (isDynamic !== true && code?.specifier !== undefined) waiting.push(code.specifier);
    }
  }
  return [...found].map((url) => url.replace(REPOSITORY.href, "")).sort();
}

/** Those of `files` in any of these folders, or of these names. */
function among(files: readonly string[], paths: readonly string[]): string[] {
  return files.filter((file) => paths.some((path) => file.startsWith(path)));
}

const NEEDS: readonly [root: string, without: readonly string[]][] = [
  [
    "runtime/mod.ts",
    [
      "protocol/mod.ts",
      "runtime/native/",
      "runtime/deno/",
      "runtime/serve/",
      "runtime/observe/admin/",
      "runtime/cli/channel_commands/",
      "runtime/cli/completions/",
      "npm:jose@",
      "npm:ws@",
    ],
  ],
  [
    "runtime/native/acceptor_thread.ts",
    ["protocol/mod.ts", "runtime/deno/", "runtime/executor/", "runtime/native/native_worker.ts"]
      .concat(
        ["session", "routes", "files", "auth", "assets", "worker"].map((part) =>
          `runtime/serve/${part}/`
        ),
      ),
  ],
  [
    "runtime/executor/log_thread.ts",
    ["runtime/native/", "runtime/deno/", "runtime/serve/", "runtime/observe/", "protocol/"]
      .concat(["os", "ring"].map((folder) => `runtime/${folder}/mod.ts`)),
  ],
  [
    "runtime/executor/worker_thread.ts",
    ["runtime/native/", "runtime/deno/", "runtime/serve/files/", "runtime/serve/auth/"],
  ],
  ["runtime/native/mod.ts", [
    "runtime/native/acceptor.ts",
    "runtime/deno/",
    "runtime/executor/",
    "runtime/serve/routes/",
  ]],
  ["runtime/deno/mod.ts", ["runtime/native/", "runtime/executor/"]],
];

for (const [root, without] of NEEDS) {
  Deno.test(`module graph: ${root} loads only what its thread needs`, async () => {
    const files = await loadedBy(root);
    assertEquals(files.includes(root) && files.includes("runtime/os/libc.ts"), true);
    assertEquals(among(files, without), []);
  });
}

Deno.test("module graph: the commands of channels load a library only if they need it", async () => {
  const libraries = async (file: string) =>
    among(await loadedBy(`runtime/cli/channel_commands/${file}`), ["npm:jose@", "npm:ws@"])
      .map((name) => name.replace(/@.*/, ""));
  assertEquals(await libraries("mod.ts"), []);
  assertEquals(await libraries("publish_command.ts"), []);
  assertEquals(await libraries("token_command.ts"), ["npm:jose"]);
  assertEquals(await libraries("subscribe_command.ts"), ["npm:ws"]);
});

Deno.test("module graph: what removes types is loaded only for an app that has some", async () => {
  const files = await loadedBy("runtime/serve/app_source/mod.ts");
  assertEquals(
    among(files, ["npm:sucrase@", "npm:amaro@"]).map((name) => name.replace(/@.*/, "")),
    [
      "npm:sucrase",
    ],
  );
});

Deno.test("module graph: main.ts loads only the signal listeners before it loads the program", async () => {
  assertEquals(await loadedBy("main.ts"), ["main.ts", "runtime/signals.ts"]);
});
