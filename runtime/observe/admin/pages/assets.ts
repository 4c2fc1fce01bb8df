/**
 * The live page and everything that it loads, in memory and ready to send.
 *
 * In: the files of this folder and of the npm package uplot, embedded as bytes when the program is built. Out:
 * `ASSETS`, by path. uPlot has the MIT licence; its notice is served as /assets/licenses.txt.
 */

import uplotScript from "npm:uplot@1.6.32/dist/uPlot.iife.min.js" with { type: "bytes" };
import uplotStyle from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "bytes" };
import uplotLicense from "npm:uplot@1.6.32/LICENSE" with { type: "bytes" };
import axesScript from "./axes.js" with { type: "bytes" };
import channelsScript from "./channels.js" with { type: "bytes" };
import chartsScript from "./charts.js" with { type: "bytes" };
import page from "./live.html" with { type: "bytes" };
import script from "./live.js" with { type: "bytes" };
import style from "./live.css" with { type: "bytes" };
import tipScript from "./tip.js" with { type: "bytes" };
import unitsScript from "./units.js" with { type: "bytes" };
import workersScript from "./workers.js" with { type: "bytes" };
import { type Asset, assetsOfPage, pageFields } from "../../../serve/assets/mod.ts";

/** Everything that the page consists of, "/" first. */
export const ASSETS: readonly Asset[] = assetsOfPage("/", {
  page,
  fields: pageFields(), // uPlot styles its elements by script, which the policy allows
  style: ["live.css", style],
  scripts: [
    ["units.js", unitsScript],
    ["axes.js", axesScript],
    ["tip.js", tipScript],
    ["charts.js", chartsScript],
    ["workers.js", workersScript],
    ["channels.js", channelsScript],
    ["live.js", script],
  ],
  packaged: [["uplot-1.6.32.css", uplotStyle], ["uplot-1.6.32.js", uplotScript]],
  licenses: [["uplot 1.6.32", uplotLicense]],
});
