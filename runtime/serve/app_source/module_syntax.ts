/**
 * Finds the imports and exports of an ECMAScript module, and what of its text has to change for it to become a function's body.
 *
 * In: JavaScript, without types. Out: its imports with their lines, and the text in which exports are plain declarations, `import.meta` and
 * `import()` are calls of the runner, and lines are where they were. Imports stay: sucrase turns the names that they bind into look-ups,
 * which it does right for names that inner scopes bind again. It would turn exports into copies, which are stale after an assignment; the
 * getters here are not.
 */

import { parse } from "es-module-lexer";
import { RUNNER_NAMES as NAMES } from "../../thread/mod.ts";

/** An import or a re-export, as written. */
export interface WrittenImport {
  readonly specifier: string;
  readonly line: number;
  readonly names: readonly string[];
}

/** What a module imports, and how its text goes on. */
export interface ModuleSyntax {
  /** Whether there is any syntax of modules: else the text may be a CommonJS module. */
  readonly isModule: boolean;
  readonly imports: readonly WrittenImport[];
  /** What `import("…")` names. */
  readonly dynamic: readonly string[];
  /** By number, what the text imports as {@link placeholder} of that number, so that nothing else in it is taken for an import. */
  readonly specifiers: readonly (string | undefined)[];
  readonly text: string;
}

/** A piece of the text that is replaced. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Parsed = ReturnType<typeof parse>;
type Import = Parsed[0][number];
type Export = Parsed[1][number];

/** Analyses a module. @throws what the lexer throws: an error with the place `idx` */
export function moduleSyntaxOf(text: string): ModuleSyntax {
  const [imports, exports, , isModule] = parse(text);
  const getters: string[] = [];
  const edits = [
    ...imports.flatMap((each) => editOfImport(text, each)),
    ...editsOfExports({ text, imports, exports }, getters),
  ];
  const begins = imports.map((each, i) => isStatic(each) ? begin(text, each, i) : "").join("");
  const lineOf = lineCounter(text);
  return {
    isModule,
    imports: imports.filter(isStatic).map((each) => ({
      specifier: each.specifier!,
      line: lineOf(each.start),
      names: namesIn(text.slice(each.importStart, each.start)),
    })),
    dynamic: imports.flatMap(({ type, specifier }) =>
      type === "dynamic" && typeof specifier === "string" ? [specifier] : []
    ),
    specifiers: imports.map((each) => isStatic(each) ? each.specifier ?? undefined : undefined),
    text: `${NAMES.exports}({${getters.join(",")}});${begins}yield;${apply(text, edits)}`,
  };
}

function isStatic({ type, specifier }: Import): boolean {
  return type !== "dynamic" && type !== "import-meta" && typeof specifier === "string";
}

/** What stands for the specifier of an import. */
export function placeholder(number: number | string): string {
  return `asyncDeno${number}`;
}

/** Imports bind their names before the first statement runs, wherever they are: here, on one line, with a number for the specifier. */
function begin(text: string, each: Import, number: number): string {
  const { importStart, start, end, importEnd } = each;
  const source = `"${placeholder(number)}"`;
  if (text.startsWith("export", importStart)) {
    return `import * as ${NAMES.from}${number} from ${source};`;
  }
  // Quotes are around what the lexer calls the specifier.
  const names = blanked(text.slice(importStart, start - 1)).replaceAll("\n", " ");
  const attributes = blanked(text.slice(end + 1, importEnd)).replaceAll("\n", " ");
  return `${names}${source}${attributes};`;
}

/** `import(…)` and `import.meta` become the runner's; of other imports nothing is left where they were. */
function editOfImport(text: string, each: Import): Edit[] {
  const { importStart: start, importEnd: end } = each;
  if (each.type === "import-meta") return [{ start, end, text: NAMES.meta }];
  if (each.type === "dynamic") return [{ start, end: start + "import".length, text: NAMES.import }];
  const isReexport = text.startsWith("export", start);
  if (!isStatic(each) || isReexport) return [];
  return [{ start, end, text: `;${linesOf(text.slice(start, end))}` }];
}

interface Analysed {
  readonly text: string;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
}

/** Each export becomes a getter, and its statement a plain one. */
function editsOfExports(analysed: Analysed, getters: string[]): Edit[] {
  const { text, imports, exports } = analysed;
  const edits = new Map<number, Edit>();
  for (const each of exports) {
    const { exportStart: start } = each;
    const source = each.type === "direct" ? undefined : imports[each.importIndex];
    // The lexer also calls `export { a }` a re-export, if `a` is imported.
    if (each.type !== "direct" && source?.importStart === start) {
      const alias = `${NAMES.from}${each.importIndex}`;
      const isStar = each.type === "reexport-all";
      if (!isStar) getters.push(`${quoted(each.name)}:()=>${memberOf(alias, each.importName)}`);
      const whole = linesOf(text.slice(start, source.importEnd));
      const star = isStar ? `${NAMES.star}(${alias});` : "";
      edits.set(start, { start, end: source.importEnd, text: `;${star}${whole}` });
      continue;
    }
    if (each.type === "reexport-all") continue;
    const list = listAt(text, start);
    if (list !== "") {
      getters.push(`${quoted(each.name)}:()=>${localName(list, each.name)}`);
      edits.set(start, { start, end: start + list.length, text: `;${linesOf(list)}` });
    } else if (each.name === "default") {
      const { edit, local } = defaultExport(text, start);
      getters.push(`default:()=>${local}`);
      edits.set(start, edit);
    } else {
      getters.push(`${quoted(each.name)}:()=>${each.name}`);
      edits.set(start, { start, end: start + "export".length, text: "" });
    }
  }
  return [...edits.values()];
}

/** `export { a, b as c }` at `start`; empty: there is something else. */
function listAt(text: string, start: number): string {
  let at = skipBlank(text, start + "export".length);
  if (text[at] !== "{") return "";
  // Of comments and strings, only what they end with matters.
  for (; at < text.length && text[at] !== "}"; at = LIST_PIECE.lastIndex) {
    LIST_PIECE.lastIndex = at;
    LIST_PIECE.test(text);
  }
  return text.slice(start, at + 1);
}

const LIST_PIECE = /\/\*[^]*?\*\/|\/\/.*|"[^"\n]*"|'[^'\n]*'|[^]/y;
const BLANK = /(?:\s|\/\*[^]*?\*\/|\/\/.*)*/y;

/** Where white space and comments end. */
function skipBlank(text: string, at: number): number {
  BLANK.lastIndex = at;
  BLANK.test(text);
  return BLANK.lastIndex;
}

/** The name in the module of what such a list exports. */
function localName(list: string, exported: string): string {
  const entries = blanked(list).replace(/^[^{]*\{|\}$/g, "").split(",");
  const pairs = entries.map((entry) => entry.trim().split(/\s+as\s+/));
  const found = pairs.find(([local, alias = local]) => unquoted(alias) === exported);
  return found?.[0] ?? exported;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function unquoted(name: string | undefined): string | undefined {
  return name?.replace(/^(["'])(.*)\1$/, "$2");
}

/** With spaces in place of comments: for the head of a statement, which has nothing that only looks like one. */
function blanked(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, (comment) => comment.replaceAll(/./g, " "));
}

function memberOf(alias: string, name: string | null): string {
  return name === null ? alias : `${alias}[${quoted(name)}]`;
}

/** The default export gets a name, if it has none. */
function defaultExport(text: string, start: number): { edit: Edit; local: string } {
  const word = skipBlank(text, start + "export".length) + "default".length;
  const head = text.slice(start, skipBlank(text, word));
  const after = blanked(text.slice(start + head.length));
  const named =
    /^(?<kind>(?:async\s+)?function\s*\*?|class)(?:\s+|\b|(?<=\*))(?!extends\b)(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)/u
      .exec(after);
  const name = named?.groups?.["name"];
  if (name !== undefined) {
    return { edit: { start, end: start + head.length, text: linesOf(head) }, local: name };
  }
  const kind = /^(?:(?:async\s+)?function\s*\*?(?=\s*\()|class(?=\s*\{|\s+extends\b))/.exec(after)
    ?.[0];
  const end = start + head.length + (kind?.length ?? 0);
  const declared = kind === undefined ? `const ${NAMES.own} = ` : `${kind} ${NAMES.own} `;
  return { edit: { start, end, text: `${linesOf(head)}${declared}` }, local: NAMES.own };
}

/** The line ends of a text that is replaced, so that later lines keep their numbers. */
function linesOf(text: string): string {
  return "\n".repeat(text.split("\n").length - 1);
}

/** The names that `import a, { b as c } from` takes: `default` and `b`. */
function namesIn(statement: string): string[] {
  const head = blanked(statement);
  const list = /\{(?<list>[^}]*)\}/.exec(head)?.groups?.["list"] ?? "";
  const names = list.split(",").map((each) => each.trim().split(/\s+as\s+/)[0]!.trim());
  const isReexport = /^export\b/.test(head);
  const hasDefault = !isReexport && /^import\s+(?!\{|\*|["'])[\p{ID_Start}$_]/u.test(head);
  const plain = names.filter((name) => name !== "" && !/^["']/.test(name));
  return hasDefault ? ["default", ...plain] : plain;
}

function lineCounter(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split("\n").length;
}

/** Applies the edits; one within another is left out. */
function apply(text: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}
