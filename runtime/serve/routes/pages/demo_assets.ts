/**
 * The page of the demo chat and everything it loads, kept in memory.
 *
 * In: files of this folder, embedded as bytes when the program is built. Out: `demoAssets`, for the routes of
 * `--endpoints demo`. Made once for each thread that serves them; no package is used.
 */

import connectionLossScript from "./connection_loss.js" with { type: "bytes" };
import style from "./demo.css" with { type: "bytes" };
import page from "./demo.html" with { type: "bytes" };
import script from "./demo.js" with { type: "bytes" };
import clientScript from "./demo_client.js" with { type: "bytes" };
import outboxScript from "./demo_outbox.js" with { type: "bytes" };
import peopleScript from "./demo_people.js" with { type: "bytes" };
import roomScript from "./demo_room.js" with { type: "bytes" };
import viewScript from "./demo_view.js" with { type: "bytes" };
import frameStyle from "./frame.css" with { type: "bytes" };
import linkScript from "./link.js" with { type: "bytes" };
import headerScript from "./page_header.js" with { type: "bytes" };
import { concatBytes } from "../../../../protocol/basics.ts";
import { type Asset, assetsOfPage, pageFields } from "../../assets/mod.ts";

/**
 * All assets of the page; the page itself is the first.
 *
 * @param home the page's own path, which ends in a slash
 */
export function demoAssets(home: string): readonly Asset[] {
  return assetsOfPage(home, {
    page,
    fields: pageFields(),
    style: ["demo.css", concatBytes([frameStyle, style])],
    scripts: [
      ["link.js", linkScript],
      ["connection_loss.js", connectionLossScript],
      ["demo_client.js", clientScript],
      ["demo_outbox.js", outboxScript],
      ["demo_room.js", roomScript],
      ["demo_people.js", peopleScript],
      ["demo_view.js", viewScript],
      ["page_header.js", headerScript],
      ["demo.js", script],
    ],
    packaged: [],
    licenses: [],
  });
}
