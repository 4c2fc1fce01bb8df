/**
 * What users read: the README names every option and no other, every page of docs/ is linked from it,
 * and no link between the pages leads nowhere.
 */

import { assertEquals } from "@std/assert";
import { OPTIONS, PROGRAM_FLAGS } from "../../runtime/cli/options/mod.ts";
import { REPOSITORY } from "../support/server.ts";
import { filesBelow, type SourceFile } from "./source_tree.ts";

const FLAGS = [...OPTIONS, ...PROGRAM_FLAGS].map(({ flag }) => `--${flag}`);

function pages(): SourceFile[] {
  const top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  const read = (path: string) => Deno.readTextFileSync(new URL(path, REPOSITORY));
  return [...top.map((path) => ({ path, text: read(path) })), ...filesBelow("docs", ".md")];
}

/** The flags in the first column of the README's tables. */
function flagsInTables(readme: string): string[] {
  const firstCells = readme.split("\n").filter((line) => line.startsWith("| `-"))
    .map((line) => line.split(" | ")[0]!);
  return firstCells.flatMap((cell) => cell.match(/--[a-z][a-z-]*/g) ?? []);
}

/** Links to files of the repository that are not there. */
function deadLinks({ path, text }: SourceFile): string[] {
  const links = [...text.matchAll(/\]\((?<target>[^)\s]+)\)/g)].map((match) =>
    match.groups!["target"]!
  );
  return links.filter((target) => !/^(?:https?:|#)/.test(target)).filter((target) => {
    try {
      Deno.statSync(new URL(target.replace(/#.*/, ""), new URL(path, REPOSITORY)));
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw error;
    }
  }).map((target) => `${path} links to ${target}`);
}

Deno.test("user pages: the README's tables have every option, and no other", () => {
  const named = flagsInTables(pages()[0]!.text);
  assertEquals(FLAGS.filter((flag) => !named.includes(flag)), [], "not in the README");
  assertEquals(named.filter((flag) => !FLAGS.includes(flag)), [], "in the README alone");
});

Deno.test("user pages: every page of docs/ is linked from the README", () => {
  const [readme, ...others] = pages();
  const docs = others.filter(({ path }) => path.startsWith("docs/"));
  assertEquals(docs.filter(({ path }) => !readme!.text.includes(`](${path}`)), []);
});

Deno.test("user pages: links lead somewhere", () => {
  assertEquals(pages().flatMap(deadLinks), []);
  const found = (text: string) => deadLinks({ path: "docs/a.md", text }).length;
  assertEquals(found("[a](../README.md#licence) [b](https://example.com/) [c](#here)"), 0);
  assertEquals(found("[a](README.md)"), 1);
});
