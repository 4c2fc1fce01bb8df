/**
 * The tables of files in the READMEs of folders: they name every file of the folder, and no other.
 *
 * A table counts if the head of one of its columns is `file`.
 */

import { assertEquals } from "@std/assert";
import { filesBelow, programFiles, type SourceFile } from "./source_tree.ts";

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

/** What a README names and the folder does not have, or the other way around. */
function faultsOf({ path, text }: SourceFile, files: readonly string[]): string[] {
  const column = fileColumn(text);
  if (column.length === 0) return [];
  const named = column.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+\.ts)`/g)].map(([, name]) => name!)
  );
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const there = files.filter((file) => file.startsWith(folder)).map((file) =>
    file.slice(folder.length)
  ).filter((name) => !name.includes("/"));
  return [
    ...named.filter((name) => !there.includes(name)).map((name) => `${path}: no ${name}`),
    ...there.filter((name) => name !== "mod.ts" && !named.includes(name))
      .map((name) => `${path}: ${name} is missing`),
  ];
}

Deno.test("folder READMEs: tables of files name every file, and no other", () => {
  const readmes = ["runtime", "protocol"].flatMap((folder) => filesBelow(folder, "README.md"));
  const files = programFiles().map(({ path }) => path);
  assertEquals(readmes.flatMap((readme) => faultsOf(readme, files)), []);
});

Deno.test("folder READMEs: a missing and a superfluous file are found", () => {
  const text = "| what | file |\n| --- | --- |\n| a | `a.ts`, `c.ts` |\n\n`d.ts`\n";
  const readme = { path: "runtime/x/README.md", text };
  assertEquals(faultsOf(readme, ["runtime/x/a.ts", "runtime/x/b.ts", "runtime/x/mod.ts"]), [
    "runtime/x/README.md: no c.ts",
    "runtime/x/README.md: b.ts is missing",
  ]);
});
