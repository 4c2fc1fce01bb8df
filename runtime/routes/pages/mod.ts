/**
 * The page of `GET /`: a terminal in the browser, embedded in the program.
 *
 * The files of the page stand beside this one as a browser reads them, with no build step;
 * `assets.ts` embeds them together with the terminal emulator they use.
 *
 * @example
 * ```ts
 * import { ASSETS } from "./mod.ts";
 *
 * const byPath = new Map(ASSETS.map((asset) => [asset.path, asset]));
 * console.log(byPath.get("/")?.contentType); // text/html; charset=utf-8
 * ```
 * @module
 */

export { type Asset, ASSETS } from "./assets.ts";
