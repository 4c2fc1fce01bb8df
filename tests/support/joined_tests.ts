/**
 * Many test files in one isolate: `deno test` gives each file an isolate of its own, which loads all that the file
 * imports again, half a second of CPU time.
 *
 * In: folders and files, relative to the top folder. Out: what `deno test` is to run in their place: a module in a
 * temporary folder that imports them in the order of their names, and the files that need an isolate of their own.
 */

import { testFilesIn } from "./test_files.ts";

const TOP = new URL("../../", import.meta.url);

/** They measure the memory of the process, in which nothing of other tests may become garbage meanwhile. */
const APART: readonly string[] = [
  "tests/runtime/executor/openssl_tls_test.ts",
  "tests/runtime/tls/hostile_peer_test.ts",
];

/** A module that imports test files; disposing of it removes it. */
export class JoinedTests implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  /** Paths for `deno test`. */
  readonly paths: readonly string[];

  /** @throws Deno.errors.NotFound: a path does not exist */
  constructor(paths: readonly string[]) {
    const files = paths.flatMap(testFilesIn).toSorted();
    const joined = files.filter((file) => !APART.includes(file));
    const module = `${this.#folder}/joined_test.ts`;
    const imports = joined.map((file) => `import ${JSON.stringify(new URL(file, TOP).href)};\n`);
    Deno.writeTextFileSync(module, imports.join(""));
    this.paths = [module, ...files.filter((file) => APART.includes(file))];
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
