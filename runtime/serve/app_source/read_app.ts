/**
 * Reads an app: its file and everything that this imports, transformed for the workers.
 *
 * In: the file's name. Out: an {@link AppSource}, or a SourceError that says which file, which line, and what to do. Runs nothing of the app.
 * Called in the main thread, at the start and for each reload; in a worker only for an `import()` of a name that is computed.
 */

import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { resolve } from "@std/path/posix/resolve";
import { errorMessage } from "../../error_message.ts";
import { nearest } from "../../spelling/mod.ts";
import { type AppFile, type AppImport, type AppSource, partsOfModule } from "../../thread/mod.ts";
import { isFile, isFolder, namesIn, readText } from "./file_system.ts";
import { type ImportKind, resolveImport } from "./resolver.ts";
import { SourceError } from "./source_error.ts";
import { loadStripper } from "./strip_types.ts";
import { hasTypes, transformFile } from "./transform.ts";

/** Reads it. @throws {SourceError} */
export async function readApp(name: string): Promise<AppSource> {
  const entry = resolve(Deno.cwd(), name);
  if (!isFile(entry)) throw new SourceError({ path: entry }, missing(entry));
  const readAt = Date.now();
  const files = new Map<string, AppFile>();
  for (const path of readEach(files, entry)) if (hasTypes(path)) await loadStripper();
  return { name, entry, files, readAt };
}

/** Why an app's file cannot be read, with the name that was most likely meant. */
function missing(path: string): string {
  if (isFolder(path)) return "it is a folder; name the file in it";
  const others = namesIn(dirname(path));
  const meant = others.length === 0 ? undefined : nearest(basename(path), others);
  return `the file does not exist${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

/** Reads further files, for an `import()` of a name that was not known before. */
export interface FurtherFiles {
  /** The target of a specifier. @throws {Error} */
  resolve(specifier: string, importer: string, kind: ImportKind): string;
  /** Reads a file and what it imports into `files`, but for what is there already. @throws {Error} */
  read(files: Map<string, AppFile>, path: string): void;
}

/** Gets ready to read files of any kind, because `require` does not wait. */
export async function furtherFiles(): Promise<FurtherFiles> {
  await loadStripper();
  return {
    resolve: resolveImport,
    read(files, path) {
      for (const _ of readEach(files, path)) continue;
    },
  };
}

/** Reads a file and what it imports, but for what is there already; names each path before. @throws {SourceError} */
function* readEach(files: Map<string, AppFile>, entry: string): Generator<string, void> {
  const pending = [entry];
  // With hundreds of modules in a package, a stack of calls would be deep.
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (files.has(id)) continue;
    const [path] = partsOfModule(id);
    yield path;
    const file = readFile(path);
    files.set(id, file);
    const targets = [...file.imports.map(({ target }) => target), ...Object.values(file.later)];
    pending.push(...targets.filter((target) => target.startsWith("/")).toReversed());
  }
}

function readFile(path: string): AppFile {
  const { kind, code, imports, later, computes } = transformFile(path, textOf(path));
  return {
    path,
    kind,
    code,
    ...computes === true ? { computes } : {},
    imports: imports.map(({ specifier, line, names }): AppImport => {
      const target = targetOf(specifier, { path, line });
      return { specifier, target, line, names };
    }),
    later: laterOf(path, later, kind === "cjs" ? "require" : "import"),
  };
}

function textOf(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "the file does not exist"
      : error instanceof Deno.errors.PermissionDenied
      ? "the file cannot be read by this user"
      : errorMessage(error);
    throw new SourceError({ path }, reason);
  }
}

function targetOf(
  specifier: string,
  place: { readonly path: string; readonly line: number },
): string {
  try {
    return resolveImport(specifier, place.path, "import");
  } catch (error) {
    throw new SourceError(place, errorMessage(error));
  }
}

/** What is not there may be optional: the import of it then gets the error. */
function laterOf(
  path: string,
  specifiers: readonly string[],
  kind: ImportKind,
): Record<string, string> {
  const targets: Record<string, string> = {};
  for (const specifier of specifiers) {
    try {
      targets[specifier] = resolveImport(specifier, path, kind);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return targets;
}
