/**
 * The user documentation: the README names exactly the existing options, its links lead to every page of docs/,
 * every link between the pages leads to an existing file and heading, and names of tests, and of pages in the program, exist.
 */

import { assertEquals } from "@std/assert";
import { parseCommandLine } from "../../runtime/cli/command_line.ts";
import { OPTIONS, PROGRAM_FLAGS } from "../../runtime/cli/options/mod.ts";
import { REPOSITORY } from "../support/server.ts";
import { filesBelow, programFiles, type SourceFile } from "./source_tree.ts";

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

/** Links to files or headings of the repository. */
function linksOf({ text }: SourceFile): string[] {
  const links = [...text.matchAll(/\]\((?<target>[^)\s]+)\)/g)].map((match) =>
    match.groups!["target"]!
  );
  return links.filter((target) => !/^https?:/.test(target));
}

/** Links to files or headings of the repository that do not exist. */
function deadLinks(page: SourceFile): string[] {
  return linksOf(page).filter((target) => isDead(page, target)).map((target) => {
    return `${page.path} links to ${target}`;
  });
}

/** The paths to which links lead from a page, over any number of pages. */
function reachedFrom(start: string, all: readonly SourceFile[]): ReadonlySet<string> {
  const reached = new Set([start]);
  // A set that grows is walked to its new end.
  for (const path of reached) {
    const page = all.find((one) => one.path === path);
    for (const target of page === undefined ? [] : linksOf(page)) {
      reached.add(new URL(target, `file:///${path}`).pathname.slice(1));
    }
  }
  return reached;
}

/** Pages of docs/ that a file names, and that do not exist. */
function missingPages({ path, text }: SourceFile): string[] {
  const names = [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)].map(([name]) => name);
  return names.filter((name) => isDead({ path: "README.md", text: "" }, name))
    .map((name) => `${path} names ${name}`);
}

function isDead(page: SourceFile, target: string): boolean {
  const [path = "", heading] = target.split("#");
  try {
    const url = new URL(path, new URL(page.path, REPOSITORY));
    if (path !== "") Deno.statSync(url);
    if (heading === undefined) return false;
    return !anchors(path === "" ? page.text : Deno.readTextFileSync(url)).includes(heading);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** Tests that a page names, and that do not exist. A name without a folder is in the folder of the one before. */
function missingTests({ path, text }: SourceFile): string[] {
  let folder = "";
  const missing: string[] = [];
  for (const [, name = ""] of text.matchAll(/`((?:tests\/)?[\w/]+(?:_test\.ts|\/))`/g)) {
    const below = name.replace(/^tests\//, "");
    const file = below.includes("/") ? below : `${folder}${below}`;
    folder = file.replace(/[^/]*$/, "");
    if (name.endsWith(".ts") && isDead({ path: "README.md", text }, `tests/${file}`)) {
      missing.push(`${path} names ${file}`);
    }
  }
  return missing;
}

/** The anchors of the headings, as GitHub forms them; headings in code are comments of that code. */
function anchors(text: string): string[] {
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, "");
  return [...prose.matchAll(/^#+ (?<heading>.+)$/gm)].map(({ groups }) =>
    groups!["heading"]!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

/** The blocks of TOML, without the indentation that they have in a list. */
function configurationsIn(text: string): string[] {
  return [...text.matchAll(/^( *)```toml\n([^]*?)^ *```$/gm)].map(([, indentation, block = ""]) =>
    block.replaceAll(new RegExp(`^${indentation}`, "gm"), "")
  );
}

/** What is wrong with a configuration file. */
function faultsOf(config: string): readonly string[] {
  const command = parseCommandLine({
    args: ["--config", "a.toml", "--check"],
    variable: () => undefined,
    variables: [],
    cores: { count: 2 },
    readText: () => config,
  });
  return command.type === "check" ? command.settings.faults : [];
}

Deno.test("user pages: the README's tables have exactly the existing options", () => {
  const named = flagsInTables(pages()[0]!.text);
  assertEquals(FLAGS.filter((flag) => !named.includes(flag)), [], "not in the README");
  assertEquals(named.filter((flag) => !FLAGS.includes(flag)), [], "in the README alone");
});

Deno.test("user pages: links lead from the README to every page of docs/", () => {
  const all = pages();
  const docs = all.map(({ path }) => path).filter((path) => path.startsWith("docs/"));
  const reached = reachedFrom("README.md", all);
  assertEquals(docs.filter((path) => !reached.has(path)), []);
  const a = { path: "a.md", text: "[b](docs/b.md#x)" };
  const b = { path: "docs/b.md", text: "[c](c.md) `d.md`" };
  assertEquals([...reachedFrom("a.md", [a, b])], ["a.md", "docs/b.md", "docs/c.md"]);
});

Deno.test("user pages: every page that the program or a test names exists", () => {
  const files = [...programFiles(), ...filesBelow("tests", ".ts")]
    .filter(({ path }) => path !== "tests/repo/user_pages_test.ts");
  assertEquals(files.flatMap(missingPages), []);
  const text = "see docs/channels.md, docs/samples/ and docs/channels/nowhere.md";
  assertEquals(missingPages({ path: "a.ts", text }), ["a.ts names docs/channels/nowhere.md"]);
});

Deno.test("user pages: every test that a page of docs/ names exists", () => {
  const docs = pages().filter(({ path }) => path.startsWith("docs/"));
  assertEquals(docs.flatMap(missingTests), []);
  const missing = (text: string) => missingTests({ path: "docs/a.md", text });
  assertEquals(missing("`repo/user_pages_test.ts`, `house_style_test.ts`, `tests/repo/`"), []);
  assertEquals(missing("`repo/user_pages_test.ts`, `a_test.ts`; `e2e/`: `b_test.ts`"), [
    "docs/a.md names repo/a_test.ts",
    "docs/a.md names e2e/b_test.ts",
  ]);
});

Deno.test("user pages: every configuration is one that the server takes as it is", () => {
  const faultsIn = ({ path, text }: SourceFile) =>
    configurationsIn(text).flatMap((config) =>
      faultsOf(config).map((fault) => `${path}: ${fault}`)
    );
  assertEquals(pages().flatMap(faultsIn), []);
  const block = (line: string) => `- a\n\n  \`\`\`toml\n  ${line}\n  \`\`\`\n`;
  const wrong = { path: "a.md", text: `${block("port = 1")}${block("prot = 1")}` };
  assertEquals(faultsIn(wrong).length, 1);
});

Deno.test("user pages: every link leads to an existing file and heading", () => {
  assertEquals(pages().flatMap(deadLinks), []);
  const found = (text: string) => deadLinks({ path: "docs/a.md", text }).length;
  assertEquals(found("[a](../README.md#licence) [b](https://example.com/) [c](#a-b)\n## A, b"), 0);
  assertEquals(found("[a](nowhere.md) [b](../README.md#nowhere) [c](#here)"), 3);
});
