/**
 * Lists test files: those of a folder, and those of them that use a certain module.
 *
 * In: paths relative to the top folder. Out: paths relative to it. Only reads files.
 */

import { importsOf, resolveImport } from "../repo/source_tree.ts";
import { isFile } from "./is_file.ts";

const TOP = new URL("../../", import.meta.url);

/** The test files of a folder, whose path ends with a slash, or the file itself. */
export function testFilesIn(path: string): string[] {
  if (!path.endsWith("/")) return [path];
  return [...Deno.readDirSync(new URL(path, TOP))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFilesIn(`${path}${name}/`);
    return name.endsWith("_test.ts") ? [path + name] : [];
  });
}

/** Those of the files that import one of the modules, directly or through files of `tests/`. */
export function filesThatImport(files: readonly string[], modules: readonly string[]): string[] {
  const imported = new Map<string, readonly string[]>();
  const importsIn = (file: string) => {
    const known = imported.get(file);
    if (known !== undefined) return known;
    const specifiers = importsOf(Deno.readTextFileSync(new URL(file, TOP)));
    const paths = specifiers.map((specifier) => resolveImport(file, specifier) ?? "");
    // Some are in the text of apps, which tests write into folders of their own.
    const inTests = paths.filter((path) => path.startsWith("tests/") && isFile(new URL(path, TOP)));
    imported.set(file, inTests);
    return inTests;
  };
  return files.filter((file) => {
    const reached = new Set([file]);
    // A set is iterated over what is added meanwhile, too.
    for (const each of reached) importsIn(each).forEach((path) => reached.add(path));
    return modules.some((module) => reached.has(module));
  });
}
