/**
 * Finds exports that no other file imports.
 *
 * In: the files of the program, TypeScript and the pages' JavaScript. Out: every exported declaration that no
 * other file of the program imports. A re-export in mod.ts is followed to the file that declares the name,
 * and does not count as a use. Handles named imports, namespace imports and `export … from`; there are no
 * default exports. Reads no file itself.
 */

import { blank, resolveImport, type SourceFile } from "./source_tree.ts";

/** One declaration that a file exports. */
export interface ExportedName {
  /** The file that declares it. */
  readonly path: string;
  readonly name: string;
}

/** `export { a as b } from "./c.ts"` or `import { a as b } from "./c.ts"`, as written. */
interface Clause {
  readonly kind: "import" | "export";
  /** The names as the other file exports them; `*` is all of them. */
  readonly names: readonly { readonly theirs: string; readonly ours: string }[];
  readonly target: string;
}

const DECLARATION =
  /^export (?:abstract |async |declare )*(?:function\*?|class|interface|type|enum|const|let) (?<name>[\w$]+)/gm;

const CLAUSE =
  /\b(?<kind>import|export)\s+(?:type\s+)?(?:\{(?<list>[^}]*)\}|\*(?:\s+as\s+[\w$]+)?)\s*from\s*"(?<specifier>\.[^"\n]+)"/g;

const DYNAMIC_IMPORT = /\bimport\(\s*"(?<specifier>\.[^"\n]+)",?\s*\)/g;

/** The declarations that no other file imports, in the order of the files. */
export function unusedExports(files: readonly SourceFile[]): ExportedName[] {
  const clauses = new Map(files.map((file) => [file.path, clausesOf(file)]));
  const used = new Set<string>();
  for (const [path, list] of clauses) {
    for (const { kind, names, target } of list) {
      if (kind === "export" && path.endsWith("/mod.ts")) continue;
      for (const { theirs } of names) markUsed({ path: target, name: theirs }, { clauses, used });
    }
  }
  return files.flatMap(declarationsOf).filter(({ path, name }) => {
    return !used.has(`${path} ${name}`) && !used.has(`${path} *`);
  });
}

/** The names that a file declares and exports, each once. */
export function declarationsOf({ path, text }: SourceFile): ExportedName[] {
  const code = blank(text, "comments and strings");
  const names = [...code.matchAll(DECLARATION)].map((match) => match.groups!["name"]!);
  return [...new Set(names)].map((name) => ({ path, name }));
}

/** Follows a name through re-exports to its declaration. */
function markUsed(
  { path, name }: ExportedName,
  graph: { clauses: ReadonlyMap<string, readonly Clause[]>; used: Set<string> },
): void {
  const key = `${path} ${name}`;
  if (graph.used.has(key)) return;
  graph.used.add(key);
  for (const { kind, names, target } of graph.clauses.get(path) ?? []) {
    if (kind !== "export") continue;
    for (const { theirs, ours } of names) {
      if (ours === "*") markUsed({ path: target, name }, graph);
      else if (name === ours || name === "*") markUsed({ path: target, name: theirs }, graph);
    }
  }
}

function clausesOf({ path, text }: SourceFile): Clause[] {
  const code = blank(text, "comments");
  const matches = [...code.matchAll(CLAUSE), ...code.matchAll(DYNAMIC_IMPORT)];
  return matches.flatMap(({ groups }) => {
    const { kind, list, specifier } = groups!;
    const target = resolveImport(path, specifier!);
    if (target === undefined) return [];
    const names = list === undefined ? [{ theirs: "*", ours: "*" }] : namesIn(list);
    return [{ kind: kind === "export" ? "export" : "import", names, target }];
  });
}

function namesIn(list: string): Clause["names"] {
  return list.split(",").map((part) => part.trim().replace(/^type\s+/, "")).filter(Boolean)
    .map((part) => {
      const [theirs = "", ours = theirs] = part.split(/\s+as\s+/);
      return { theirs, ours };
    });
}
