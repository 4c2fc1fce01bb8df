/**
 * The live page: charts of the last five minutes, a sample a second.
 *
 * The files of the page stand beside this one as a browser reads them, with no build step;
 * `assets.ts` embeds them together with uPlot, which draws the charts.
 *
 * @example
 * ```ts
 * import { ASSETS } from "./mod.ts";
 * console.log(ASSETS[0]?.path); // /
 * ```
 * @module
 */

export { ASSETS } from "./assets.ts";
