/**
 * The terminal's page: a terminal in the browser, embedded in the program.
 *
 * The files of the page are in this folder in the form that a browser reads, with no build step;
 * `assets.ts` embeds them together with the terminal emulator that they use.
 *
 * @example
 * ```ts
 * import { pageAssets } from "./mod.ts";
 *
 * const byPath = new Map(pageAssets("/").map((asset) => [asset.path, asset]));
 * console.log(byPath.get("/")?.contentType); // text/html; charset=utf-8
 * ```
 * @module
 */

export type { Asset } from "../../assets/mod.ts";
export { pageAssets } from "./assets.ts";
