/**
 * The terminal's page and everything it loads, kept in memory.
 *
 * In: the files of this folder and of the npm packages @xterm/xterm, @xterm/addon-fit and
 * @xterm/addon-webgl, embedded as bytes when the program is built. Out: `pageAssets`, which the
 * router looks up by path. Made once for each thread.
 *
 * Licences: the three packages are MIT. Their notices are embedded too and are served, whole, as
 * assets/licenses.txt.
 */

import fitLicense from "npm:@xterm/addon-fit@0.10.0/LICENSE" with { type: "bytes" };
import fitScript from "npm:@xterm/addon-fit@0.10.0/lib/addon-fit.js" with { type: "bytes" };
import webglLicense from "npm:@xterm/addon-webgl@0.18.0/LICENSE" with { type: "bytes" };
import webglScript from "npm:@xterm/addon-webgl@0.18.0/lib/addon-webgl.js" with { type: "bytes" };
import xtermStyle from "npm:@xterm/xterm@5.5.0/css/xterm.css" with { type: "bytes" };
import xtermLicense from "npm:@xterm/xterm@5.5.0/LICENSE" with { type: "bytes" };
import xtermScript from "npm:@xterm/xterm@5.5.0/lib/xterm.js" with { type: "bytes" };
import keyBarScript from "./key_bar.js" with { type: "bytes" };
import keysScript from "./keys.js" with { type: "bytes" };
import frameStyle from "./frame.css" with { type: "bytes" };
import linkScript from "./link.js" with { type: "bytes" };
import page from "./page.html" with { type: "bytes" };
import rendererScript from "./renderer.js" with { type: "bytes" };
import connectionLossScript from "./connection_loss.js" with { type: "bytes" };
import style from "./style.css" with { type: "bytes" };
import styleElementsScript from "./style_elements.js" with { type: "bytes" };
import terminalScript from "./terminal.js" with { type: "bytes" };
import headerScript from "./page_header.js" with { type: "bytes" };
import { concatBytes } from "../../../../protocol/basics.ts";
import { type Asset, assetsOfPage, pageFields } from "../../assets/mod.ts";

/** SHA-256 of no bytes: allows only empty <style> elements. */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/**
 * xterm.js sets styles in two ways. It fills <style> elements: style_elements.js turns them into constructed
 * sheets, so that the elements stay empty. And its DOM renderer writes style attributes for colours outside
 * the palette, hence style-src-attr.
 */
const PAGE_FIELDS: Asset["fields"] = pageFields(
  `style-src 'self' ${EMPTY_STYLE}`,
  "style-src-attr 'unsafe-inline'",
);

/**
 * All assets of the page; the page itself is the first.
 *
 * @param home the page's own path, which ends in a slash
 */
export function pageAssets(home: string): readonly Asset[] {
  return assetsOfPage(home, {
    page,
    fields: PAGE_FIELDS,
    style: ["style.css", concatBytes([frameStyle, style])],
    scripts: [
      ["style_elements.js", styleElementsScript],
      ["key_bar.js", keyBarScript],
      ["keys.js", keysScript],
      ["link.js", linkScript],
      ["renderer.js", rendererScript],
      ["connection_loss.js", connectionLossScript],
      ["page_header.js", headerScript],
      ["terminal.js", terminalScript],
    ],
    packaged: [
      ["xterm-5.5.0.css", xtermStyle],
      ["xterm-5.5.0.js", xtermScript],
      ["addon-fit-0.10.0.js", fitScript],
      ["addon-webgl-0.18.0.js", webglScript],
    ],
    licenses: [
      ["@xterm/xterm 5.5.0", xtermLicense],
      ["@xterm/addon-fit 0.10.0", fitLicense],
      ["@xterm/addon-webgl 0.18.0", webglLicense],
    ],
  });
}
