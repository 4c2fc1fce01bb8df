/**
 * An app as the main thread has read it: all its modules, as JavaScript that a worker only has to run.
 *
 * In and out: plain data, which crosses by postMessage; ids of modules, and their parts. Every worker, also one that replaces a dead one, gets
 * the same copy.
 */

/** An import of a module. */
export interface AppImport {
  readonly specifier: string;
  /** The id of a module, see {@link moduleId}, or a built-in one, as `node:fs`. */
  readonly target: string;
  /** The line of the statement. */
  readonly line: number;
  /** The names that are imported; `*` and names of re-exports that are looked up later are not among them. */
  readonly names: readonly string[];
}

/** One module of an app. */
export interface AppFile {
  readonly path: string;
  /** `esm`: the body of an async generator, up to whose `yield` its functions are declared; `cjs`: that of a function with `require`; `json`: its text. */
  readonly kind: "esm" | "cjs" | "json";
  readonly code: string;
  /** What must have run before it, in this order. */
  readonly imports: readonly AppImport[];
  /** By specifier, the targets of `import()` and `require` with a text. */
  readonly later: Readonly<Record<string, string>>;
  /** Whether it may `require` a name that it computes. */
  readonly computes?: boolean;
}

/** All modules of an app. */
export interface AppSource {
  /** The file as the operator wrote it, for messages. */
  readonly name: string;
  /** The path of the app's file. */
  readonly entry: string;
  /** By id. */
  readonly files: ReadonlyMap<string, AppFile>;
  /** When its reading began, in milliseconds since 1970: what has changed since then is not in it. */
  readonly readAt: number;
}

/** What the body of a module calls its runner by; `own` is the default export. No file of an app may have such names. */
export const RUNNER_NAMES = {
  exports: "$asyncDeno_exports",
  star: "$asyncDeno_star",
  require: "$asyncDeno_require",
  import: "$asyncDeno_import",
  meta: "$asyncDeno_meta",
  plain: "$asyncDeno_plain",
  own: "$asyncDeno_default",
  from: "$asyncDeno_from",
} as const;

/** No path has it. */
const BEFORE_QUERY = "\0";

/** What a module is known by: its path, and for nearly all nothing else. `./x.js?v=2` is another module than `./x.js`, of the same file. */
export function moduleId(path: string, query: string): string {
  return query === "" ? path : `${path}${BEFORE_QUERY}${query}`;
}

/** The path and the query of a module. */
export function partsOfModule(id: string): [path: string, query: string] {
  const [path = "", query = ""] = id.split(BEFORE_QUERY);
  return [path, query];
}
