/**
 * Reads the repository's own source, for automatic checks of it.
 *
 * In: folders. Out: files with their text, and the text with comments or strings replaced by spaces, so that
 * line numbers stay valid. Only reads files. Parses only enough TypeScript to distinguish code from
 * comments, strings and regular expressions.
 */

import { REPOSITORY } from "../support/server.ts";

/** A file of the repository. */
export interface SourceFile {
  /** Path from the top folder, `runtime/os/libc.ts`. */
  readonly path: string;
  /** What it holds. */
  readonly text: string;
}

/** Which characters {@link blank} replaces by spaces. */
export type Blanked = "comments" | "comments and strings";

const NOT_OURS = new Set(["node_modules", "dist", ".git", ".coverage"]);

/** Every file below `folder` ("" is the top) whose name ends in `extension`, sorted by path. */
export function filesBelow(folder: string, extension: string): SourceFile[] {
  const found: SourceFile[] = [];
  for (const entry of Deno.readDirSync(new URL(folder || ".", REPOSITORY))) {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory && !NOT_OURS.has(entry.name)) {
      found.push(...filesBelow(path, extension));
    } else if (entry.isFile && path.endsWith(extension)) {
      found.push({ path, text: Deno.readTextFileSync(new URL(path, REPOSITORY)) });
    }
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The TypeScript of the program: main.ts, runtime/ and protocol/. */
export function programFiles(): SourceFile[] {
  const main = filesBelow("", ".ts").filter(({ path }) => path === "main.ts");
  return [...main, ...filesBelow("runtime", ".ts"), ...filesBelow("protocol", ".ts")];
}

// One token at a time. A slash begins a regular expression if a value may begin there.
const PIECE = new RegExp(
  [
    /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)/,
    /(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`)/,
    /(?<regex>(?<=(?:^|[(,=:[!&|?{};+\n]|=>|\breturn)\s*)\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)/,
  ].map(({ source }) => source).join("|"),
  "g",
);

/** The text with comments (and the contents of strings) replaced by spaces; line breaks stay. */
export function blank(text: string, what: Blanked): string {
  return text.replace(PIECE, (piece, ...rest) => {
    const groups = rest.at(-1) as { comment?: string };
    if (groups.comment !== undefined) return spaces(piece);
    if (what === "comments") return piece;
    return piece[0] + spaces(piece.slice(1, -1)) + piece.at(-1);
  });
}

/** The modules that a file imports, exports from, or names in `new URL(…, import.meta.url)`. */
export function importsOf(text: string): string[] {
  const code = blank(text, "comments");
  const pattern =
    /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(["'])(?<specifier>[^"'\n]+)\1(?!\s*[+.])/g;
  return [...code.matchAll(pattern)].map((match) => match.groups!["specifier"]!);
}

/** The path that a relative specifier in `file` leads to, or undefined for a bare one. */
export function resolveImport(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** The comment at the beginning of a file, without its stars; empty if there is none. */
export function headerOf(text: string): string {
  const header = /^(?:#!.*\n)?\s*\/\*\*([^]*?)\*\//.exec(text)?.[1] ?? "";
  return header.replace(/^\s*\* ?/gm, "").trim();
}

/** The number of the line with `offset`, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
