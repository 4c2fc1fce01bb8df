/**
 * Reads the modules of an app, and makes JavaScript of them that workers run.
 *
 * ```ts
 * import { furtherFiles, readApp } from "./mod.ts";
 * const read = async () => (await readApp("app.ts")).files.keys(); // the paths of all its modules
 * const { resolve } = await furtherFiles();
 * console.log(typeof read, resolve("fs", "/srv/app.ts", "import")); // function node:fs
 * ```
 *
 * @module
 */

export { type FurtherFiles, furtherFiles, readApp } from "./read_app.ts";
