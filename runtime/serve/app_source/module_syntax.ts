/**
 * Finds the imports and exports of an ECMAScript module, and what of its text has to change for it to become a function's body.
 *
 * In: JavaScript, without types. Out: its imports with their lines, and the text in which exports are plain declarations, `import.meta` and
 * `import()` are calls of the runner, and lines are where they were. Imports stay: sucrase turns the names that they bind into look-ups,
 * which it does right for names that inner scopes bind again. It would turn exports into copies, which are stale after an assignment; the
 * getters here are not.
 */

import { parse } from "es-module-lexer";

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
    ...imports.flatMap((each) => editOfImport(each)),
    ...editsOfExports({ text, imports, exports }, getters),
  ];
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
    text: `__exports({${getters.join(",")}});${apply(text, edits)}`,
  };
}

function isStatic({ type, specifier }: Import): boolean {
  return type !== "dynamic" && type !== "import-meta" && typeof specifier === "string";
}

/** `import(…)` and `import.meta` become the runner's. */
function editOfImport(each: Import): Edit[] {
  const { importStart: start } = each;
  if (each.type === "import-meta") return [{ start, end: each.importEnd, text: "__meta" }];
  if (each.type !== "dynamic") return [];
  return [{ start, end: start + "import".length, text: "__import" }];
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
      const alias = `__from${each.importIndex}`;
      const isStar = each.type === "reexport-all";
      if (!isStar) getters.push(`${quoted(each.name)}:()=>${memberOf(alias, each.importName)}`);
      edits.set(start, reexport(text, source, { alias, isStar }));
      continue;
    }
    if (each.type === "reexport-all") continue;
    const list = LIST.exec(text.slice(start))?.[0];
    if (list !== undefined) {
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

/** `export { a, b as c }`. */
const LIST = /^export\s*\{[^}]*\}/;

/** The name in the module of what such a list exports. */
function localName(list: string, exported: string): string {
  const entries = bare(list).replace(/^[^{]*\{|\}$/g, "").split(",");
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

/** Without comments. */
function bare(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
}

function memberOf(alias: string, name: string | null): string {
  return name === null ? alias : `${alias}[${quoted(name)}]`;
}

/** The default export gets a name, if it has none. */
function defaultExport(text: string, start: number): { edit: Edit; local: string } {
  const rest = text.slice(start);
  const head = /^export\s+default\s+/.exec(rest)?.[0] ?? "export default";
  const after = rest.slice(head.length);
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
  const begin = kind === undefined ? "const __default = " : `${kind} __default `;
  return { edit: { start, end, text: `${linesOf(head)}${begin}` }, local: "__default" };
}

/** `export … from "x"` becomes an import of everything. */
function reexport(
  text: string,
  { importStart: start, importEnd: end, specifier }: Import,
  { alias, isStar }: { readonly alias: string; readonly isStar: boolean },
): Edit {
  const whole = text.slice(start, end);
  const star = isStar ? `__star(${alias});` : "";
  const statement = `import * as ${alias} from ${JSON.stringify(specifier)};${star}`;
  return { start, end, text: `${statement}${linesOf(whole)}` };
}

/** The line ends of a text that is replaced, so that later lines keep their numbers. */
function linesOf(text: string): string {
  return "\n".repeat(text.split("\n").length - 1);
}

/** The names that `import a, { b as c } from` takes: `default` and `b`. */
function namesIn(statement: string): string[] {
  const head = bare(statement);
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

function apply(text: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}
