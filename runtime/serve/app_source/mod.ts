/**
 * Reads the modules of an app, and makes JavaScript of them that workers run.
 *
 * ```ts
 * import { readApp, resolveImport } from "./mod.ts";
 * const read = () => readApp("app.ts").files.keys(); // the paths of all its modules
 * console.log(typeof read, resolveImport("fs", "/srv/app.ts", "import")); // function node:fs
 * ```
 *
 * @module
 */

export { readApp, readInto } from "./read_app.ts";
export { resolveImport } from "./resolver.ts";
