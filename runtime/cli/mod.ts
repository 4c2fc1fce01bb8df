/**
 * The program: the command line, the banner, the signals and the exit code.
 *
 * ```ts
 * import { main } from "./mod.ts";
 * console.log(await main(["--version"])); // the version, then 0
 * ```
 *
 * @module
 */

export { main } from "./main.ts";
