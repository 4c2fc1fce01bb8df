/**
 * Runs the examples in mod.ts files, each as a module, so that an outdated one fails. They share a process, which loads what they import
 * once.
 * `deno test --doc` is not used: it reports resources that an example leaves open (a library, a log) as
 * leaks, and has no switch for that.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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

/** Imports the modules 0.ts, 1.ts and so on beside it, and writes what each has thrown. */
const RUNNER = `
// Before an example drops the permission.
const output = Deno.createSync(new URL("failures.json", import.meta.url));
const failures: (string | null)[] = [];
for (let i = 0; i < Number(Deno.args[0]); i++) {
  const thrown = (error: unknown) => error instanceof Error ? error.stack! : String(error);
  failures.push(await import(\`./\${i}.ts\`).then(() => null, thrown));
}
output.writeSync(new TextEncoder().encode(JSON.stringify(failures)));
`;

/** Runs examples one after the other; returns what each has thrown, or undefined. @throws Error if their process failed */
async function failuresOf(codes: readonly string[]): Promise<(string | undefined)[]> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const modules = [...codes.map((code, i) => [`${i}.ts`, code]), ["runner.ts", RUNNER]];
    for (const [name, code] of modules) await Deno.writeTextFile(`${folder}/${name}`, code!);
    const config = new URL("deno.json", REPOSITORY).pathname;
    const options = ["--quiet", "--no-check", "--allow-all", "--config", config];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...options, `${folder}/runner.ts`, `${codes.length}`],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const failures = JSON.parse(await Deno.readTextFile(`${folder}/failures.json`));
    return failures.map((failure: string | null) => failure ?? undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("examples: the example of every mod.ts runs", async (test) => {
  const doors = programFiles().filter(({ path }) => path.endsWith("mod.ts"));
  const examples = doors.flatMap((door) =>
    examplesOf(door).map((code) => [door.path, code] as const)
  );
  // The command drops the permissions that it does not need.
  const alone = examples.filter(([, code]) => code.includes("main("));
  const groups = [
    examples.filter((example) => !alone.includes(example)),
    ...alone.map((one) => [one]),
  ];
  for (const group of groups) {
    const failures = await failuresOf(group.map(([, code]) => code));
    for (const [i, [path]] of group.entries()) {
      await test.step(path, () => assertEquals(failures[i], undefined));
    }
  }
});

Deno.test("examples: examples are found, and a failing one is reported", async () => {
  const text = '/**\n * ```ts\n * import { a } from "../os/a.ts";\n * a();\n * ```\n */';
  const url = new URL("runtime/os/a.ts", REPOSITORY).href;
  assertEquals(examplesOf({ path: "runtime/net/mod.ts", text }), [
    `import { a } from "${url}";\na();`,
  ]);
  const failing = ['throw new Error("stale");', `import "${url}";`];
  const [none, stale, absent] = await failuresOf(["console.log(1);", ...failing]);
  assertEquals(none, undefined);
  assertStringIncludes(stale ?? "", "stale");
  assertStringIncludes(absent ?? "", "Module not found");
  const fatal = 'queueMicrotask(() => { throw new Error("later"); });';
  await assertRejects(() => failuresOf([fatal]), Error, "later");
});
