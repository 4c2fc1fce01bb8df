/**
 * Finds the file that an import of an app means, as Node and Bun do.
 *
 * In: the specifier, and the file that has it. Out: the id of a module, which is an absolute path and its query, or a built-in module as
 * `node:fs`; else an error that says what is missing and how to get it. Names without a path are packages in a folder `node_modules` beside the file or above.
 * Node.js documentation, "Modules: ECMAScript modules", resolution algorithm; endings may be left out, as in Bun.
 */

import { isBuiltin } from "node:module";
import { dirname } from "@std/path/posix/dirname";
import { fromFileUrl } from "@std/path/posix/from-file-url";
import { resolve } from "@std/path/posix/resolve";
import { exports as exportsOf, imports as importsOf, legacy } from "resolve.exports";
import { nearest } from "../../spelling/mod.ts";
import { moduleId } from "../../thread/mod.ts";
import { isFile, isFolder, namesIn } from "./file_system.ts";
import { type Package, packageAt, packageOf } from "./package_file.ts";

/** How a module is asked for: it decides which file of a package is meant. */
export type ImportKind = "import" | "require";

const CONDITIONS: Readonly<Record<ImportKind, readonly string[]>> = {
  import: ["node", "import", "module-sync", "default"],
  require: ["node", "require", "module-sync", "default"],
};

const SCRIPT_ENDINGS = [".js", ".mjs", ".cjs", ".jsx", ".json"];
const TYPED_ENDINGS = [".ts", ".tsx", ".mts", ".cts"];
/** TypeScript sources name what they become: `./lib.js` is `./lib.ts`. */
const BECOMES: readonly (readonly [written: RegExp, sources: readonly string[]])[] = [
  [/\.js$/, [".ts", ".tsx"]],
  [/\.jsx$/, [".tsx"]],
  [/\.mjs$/, [".mts"]],
  [/\.cjs$/, [".cts"]],
];

/** The target. @throws {Error} whose message is the reason */
export function resolveImport(specifier: string, importer: string, kind: ImportKind): string {
  if (/^\.{0,2}\//.test(specifier) || /^\.\.?$/.test(specifier)) {
    return fileAt(resolve(dirname(importer), specifier), importer) ??
      (kind === "import" ? withQuery(specifier, importer) : noFile(specifier, importer));
  }
  if (specifier.startsWith("file:")) return withQuery(specifier, importer);
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
  if (specifier.startsWith("#")) return privateImport(specifier, importer, kind);
  return packageImport(bareName(specifier), importer, kind);
}

/** `./lib.ts?v=2` is a module of its own, as everywhere. */
function withQuery(specifier: string, importer: string): string {
  const [, plain = specifier, query = ""] = /^([^?#]*)([^]*)$/.exec(specifier) ?? [];
  const path = plain.startsWith("file:") ? fromFileUrl(plain) : resolve(dirname(importer), plain);
  const found = fileAt(path, importer);
  return found === undefined ? noFile(plain, importer) : moduleId(found, query);
}

/** `npm:hono@4/jsx` is `hono/jsx`. @throws {Error} for what is not in node_modules at all */
function bareName(specifier: string): string {
  const scheme = /^([a-z]+):/.exec(specifier)?.[1];
  if (scheme === undefined) return specifier;
  if (scheme === "npm" || scheme === "jsr") {
    const { name, path = "" } =
      /^\w+:\/?(?<name>(?:@[^/]+\/)?[^@/]+)(?:@[^/]*)?(?<path>\/.*)?$/.exec(specifier)?.groups ??
        {};
    if (name !== undefined) return `${name}${path}`;
  }
  throw new Error(`cannot import "${specifier}": ${schemeAdvice(scheme)}`);
}

function schemeAdvice(scheme: string): string {
  if (scheme === "http" || scheme === "https") {
    return "modules are not loaded from the network; install the package with npm, or bundle the app into one file";
  }
  if (scheme === "bun") {
    return "it exists in Bun alone; of node: there are node:sqlite, node:fs and others";
  }
  if (scheme === "cloudflare") return "it exists at Cloudflare alone";
  return `there are no modules of "${scheme}:" here`;
}

/** The file that a path means: with another ending, or in a folder. */
function fileAt(path: string, importer: string): string | undefined {
  if (isFile(path)) return Deno.realPathSync(path);
  const isTyped = TYPED_ENDINGS.some((ending) => importer.endsWith(ending));
  const endings = isTyped
    ? [...TYPED_ENDINGS, ...SCRIPT_ENDINGS]
    : [...SCRIPT_ENDINGS, ...TYPED_ENDINGS];
  const sources = BECOMES.flatMap(([written, its]) =>
    written.test(path) ? its.map((ending) => path.replace(written, ending)) : []
  );
  const candidates = [...sources, ...endings.map((ending) => path + ending)];
  const found = candidates.find(isFile);
  if (found !== undefined) return Deno.realPathSync(found);
  if (!isFolder(path)) return undefined;
  const its = packageAt(path);
  const main = its && mainOf(its);
  if (main !== undefined) return main;
  return endings.map((ending) => `${path}/index${ending}`).find(isFile);
}

/** @throws {Error} that names a file with a similar name, if there is one */
function noFile(specifier: string, importer: string): never {
  const path = resolve(dirname(importer), specifier);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const others = namesIn(dirname(path));
  const near = others.length === 0 ? undefined : nearest(name, others);
  const hint = near === undefined
    ? ""
    : `; did you mean ${specifier.slice(0, -name.length)}${near}?`;
  throw new Error(`cannot import "${specifier}": there is no file ${path}${hint}`);
}

/** The entry `imports` of the nearest package.json. */
function privateImport(specifier: string, importer: string, kind: ImportKind): string {
  const its = packageOf(importer);
  const targets = its && mapped(() => importsOf(its.json, specifier, options(kind)));
  const [target] = targets ?? [];
  if (its === undefined || target === undefined) {
    throw new Error(
      `cannot import "${specifier}": the nearest package.json has no such entry of "imports"`,
    );
  }
  if (!target.startsWith(".")) return resolveImport(target, importer, kind);
  return fileAt(resolve(its.folder, target), importer) ??
    noFile(target, `${its.folder}/package.json`);
}

/** A package, or a file in one: `hono`, `hono/jsx`, `@scope/name/file.js`. */
function packageImport(specifier: string, importer: string, kind: ImportKind): string {
  const { name = "", path = "" } =
    /^(?<name>(?:@[^/]+\/)?[^/]+)(?<path>\/.*)?$/.exec(specifier)?.groups ?? {};
  const its = packageNamed(name, importer);
  if (its === undefined) {
    throw new Error(
      `cannot import "${specifier}": there is no package ${name} in a folder node_modules beside the file or ` +
        `above; run "npm install ${name}" in ${dirname(importer)}`,
    );
  }
  if (its.json["exports"] !== undefined) return exported(its, `.${path}`, kind);
  const target = path === "" ? mainOf(its) : fileAt(`${its.folder}${path}`, importer);
  if (target !== undefined) return target;
  throw new Error(`cannot import "${specifier}": ${its.folder} has no such file`);
}

/** The package of that name in the nearest node_modules that has it, or the importer's own. */
function packageNamed(name: string, importer: string): Package | undefined {
  for (let folder = dirname(importer);; folder = dirname(folder)) {
    const path = `${folder === "/" ? "" : folder}/node_modules/${name}`;
    if (isFolder(path)) return packageAt(Deno.realPathSync(path)) ?? { folder: path, json: {} };
    if (folder === "/") break;
  }
  const own = packageOf(importer);
  return own?.json["name"] === name ? own : undefined;
}

function exported({ folder, json }: Package, path: string, kind: ImportKind): string {
  const targets = mapped(() => exportsOf(json, path, options(kind))) ?? [];
  const found = targets.map((target) => resolve(folder, target)).find(isFile);
  if (found !== undefined) return Deno.realPathSync(found);
  throw new Error(
    `the package in ${folder} exports no "${path}" for ${kind}` +
      (targets.length === 0 ? "" : `: ${targets.join(", ")} does not exist`),
  );
}

/** The file of a package without `exports`. */
function mainOf({ folder, json }: Package): string | undefined {
  const main = legacy(json, { fields: ["main"], browser: false }) ?? "index";
  const path = resolve(folder, typeof main === "string" ? main : "index");
  const importer = `${folder}/package.json`;
  return fileAt(path, importer) ?? fileAt(`${folder}/index`, importer);
}

function options(kind: ImportKind) {
  return { unsafe: true, conditions: CONDITIONS[kind] };
}

/** The library throws for a path that is not there. */
function mapped(look: () => string[] | void): string[] | undefined {
  try {
    return look() ?? undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
