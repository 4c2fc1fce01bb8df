/**
 * Runs the examples in mod.ts files, each as a module in its own process, so that an outdated one fails.
 * `deno test --doc` is not used: it reports resources that an example leaves open (a library, a log) as
 * leaks, and has no switch for that.
 */

import { assertEquals } from "@std/assert";
import { REPOSITORY } from "../support/server.ts";
import { headerOf, programFiles, type SourceFile } from "./source_tree.ts";

const PATIENCE_MS = 60_000;

/** The examples of a file, with what they import relative to it made absolute. */
function examplesOf({ path, text }: SourceFile): string[] {
  const blocks = [...headerOf(text).matchAll(/```ts\n([^]*?)\n```/g)].map((match) => match[1]!);
  const folder = new URL(path, REPOSITORY);
  return blocks.map((code) => {
    return code.replace(/(from |import\()"(\.[^"]+)"/g, (_, before, specifier) => {
      return `${before}"${new URL(specifier, folder).href}"`;
    });
  });
}

/** Runs an example; returns its output if it failed, else undefined. */
async function failureOf(code: string): Promise<string | undefined> {
  const module = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".ts" });
  try {
    await Deno.writeTextFile(module, code);
    const config = new URL("deno.json", REPOSITORY).pathname;
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-all", "--config", config, module],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).output();
    return success ? undefined : new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(module);
  }
}

Deno.test("examples: the example of every mod.ts runs", async (test) => {
  const doors = programFiles().filter(({ path }) => path.endsWith("mod.ts"));
  for (const door of doors) {
    await test.step(door.path, async () => {
      for (const code of examplesOf(door)) assertEquals(await failureOf(code), undefined);
    });
  }
});

Deno.test("examples: examples are found, and a failing one is reported", async () => {
  const text = '/**\n * ```ts\n * import { a } from "../os/a.ts";\n * a();\n * ```\n */';
  const url = new URL("runtime/os/a.ts", REPOSITORY).href;
  assertEquals(examplesOf({ path: "runtime/net/mod.ts", text }), [
    `import { a } from "${url}";\na();`,
  ]);
  assertEquals(await failureOf("console.log(1);"), undefined);
  assertEquals((await failureOf('throw new Error("stale");'))?.includes("stale"), true);
  assertEquals((await failureOf(`import "${url}";`))?.includes("Module not found"), true);
});
