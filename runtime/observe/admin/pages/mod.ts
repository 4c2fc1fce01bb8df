/**
 * The live page: charts of the last five minutes, with one sample a second.
 *
 * The files of the page are in this folder in the form that browsers read, without a build step;
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
