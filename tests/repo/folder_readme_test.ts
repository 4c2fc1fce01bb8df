/**
 * The tables of files in the READMEs of folders: they name every file of the folder once, and no other.
 *
 * A table counts if the head of one of its columns is `file`. Every folder of some files has one. What READMEs
 * name elsewhere in the tree exists.
 */

import { assertEquals } from "@std/assert";
import { REPOSITORY } from "../support/server.ts";
import { filesBelow, programFiles, type SourceFile } from "./source_tree.ts";

/** A folder with fewer files, besides its door, is read faster than a README of it. */
const FEWEST_FILES = 3;

/** The column `file` of each row, with the heads of such tables. */
function fileColumn(text: string): string[] {
  const rows = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  let column = -1;
  return rows.flatMap((cells) => {
    if (cells.length < 3) column = -1;
    else if (cells.includes("file")) column = cells.indexOf("file");
    return column < 0 ? [] : [cells[column] ?? ""];
  });
}

/** The files of a folder, without its door. */
function filesIn(folder: string, files: readonly string[]): string[] {
  return files.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length))
    .filter((name) => !name.includes("/") && name !== "mod.ts");
}

/** What a README names and the folder does not have, or twice, or the other way around. */
function faultsOf({ path, text }: SourceFile, files: readonly string[]): string[] {
  const named = fileColumn(text).flatMap((cell) =>
    [...cell.matchAll(/`([^`]+\.ts)`/g)].map(([, name]) => name!)
  );
  const there = filesIn(path.slice(0, path.lastIndexOf("/") + 1), files);
  if (named.length === 0 && there.length < FEWEST_FILES) return [];
  const twice = named.filter((name, index) => named.indexOf(name) !== index);
  return [
    ...named.filter((name) => name !== "mod.ts" && !there.includes(name))
      .map((name) => `${path}: no ${name}`),
    ...there.filter((name) => !named.includes(name)).map((name) => `${path}: ${name} is missing`),
    ...twice.map((name) => `${path}: ${name} has two rows`),
  ];
}

/** Folders of some files that have no README. */
function withoutReadme(readmes: readonly string[], files: readonly string[]): string[] {
  const folders = new Set(files.map((file) => file.slice(0, file.lastIndexOf("/") + 1)));
  return [...folders].filter((folder) =>
    filesIn(folder, files).length >= FEWEST_FILES && !readmes.includes(`${folder}README.md`)
  );
}

/** Paths from the top folder that a README names. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:runtime|protocol|tests|docs)\/[\w./-]*)`/g)].map(([, path]) =>
    path!
  );
}

const readmes = ["runtime", "protocol"].flatMap((folder) => filesBelow(folder, "README.md"));
const files = programFiles().map(({ path }) => path);

Deno.test("folder READMEs: tables of files name every file once, and no other", () => {
  assertEquals(readmes.flatMap((readme) => faultsOf(readme, files)), []);
});

Deno.test("folder READMEs: every folder of some files has one", () => {
  assertEquals(withoutReadme(readmes.map(({ path }) => path), files), []);
});

Deno.test("folder READMEs: what they name elsewhere in the tree exists", () => {
  const named = readmes.flatMap(({ path, text }) => pathsIn(text).map((other) => [path, other]));
  const exists = (path: string) => {
    try {
      return Deno.statSync(new URL(path, REPOSITORY)).isDirectory === !path.endsWith(".ts");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  };
  assertEquals(named.filter(([, other]) => !exists(other!)), []);
});

Deno.test("folder READMEs: a missing, a superfluous and a repeated file are found", () => {
  const text = "| what | file |\n| --- | --- |\n| a | `a.ts`, `c.ts` |\n| b | `a.ts` |\n\n`d.ts`\n";
  const readme = { path: "runtime/x/README.md", text };
  assertEquals(faultsOf(readme, ["runtime/x/a.ts", "runtime/x/b.ts", "runtime/x/mod.ts"]), [
    "runtime/x/README.md: no c.ts",
    "runtime/x/README.md: b.ts is missing",
    "runtime/x/README.md: a.ts has two rows",
  ]);
});

Deno.test("folder READMEs: a folder without one, and a README without a table, are found", () => {
  const three = (folder: string) => ["a", "b", "c"].map((name) => `${folder}/${name}.ts`);
  const found = withoutReadme(["runtime/x/README.md"], [
    ...three("runtime/x"),
    ...three("runtime/y"),
    "runtime/z/a.ts",
    "runtime/z/b.ts",
    "runtime/z/mod.ts",
  ]);
  assertEquals(found, ["runtime/y/"]);
  const readme = { path: "runtime/x/README.md", text: "`a.ts`\n" };
  assertEquals(faultsOf(readme, three("runtime/x")).length, 3);
});
