/**
 * Guesses which of the known names a wrong one means.
 *
 * ```ts
 * import { nearest } from "./mod.ts";
 * console.log(nearest("prot", ["ip", "port"])); // port
 * ```
 *
 * @module
 */

export { nearest } from "./nearest.ts";
