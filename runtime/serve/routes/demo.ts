/**
 * `/demo/`: the demo chat, if `--endpoints` enables it.
 *
 * In: the config, and the worker's Date field. Out: the routes of the page and of its files, and redirects to it from `/demo`
 * and, without a served folder, from `/`. The page is loaded only then. It talks to the channels of the demo, which the config has since the
 * start: without them, after a reload that enables the endpoint, there is no page.
 */

import type { DateField } from "../../../protocol/mod.ts";
import { type Config, hasDemoChannels } from "../../config/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Route } from "../session/mod.ts";
import { assetRoutes } from "./assets.ts";

const HOME = "/demo/";
/** Relative, for proxies that serve all of this below a path. */
const LOCATION = "demo/";

/** Loads the demo. Other endpoints take precedence. */
export async function loadDemo(
  { endpoints, channels, files }: Pick<Config, "endpoints" | "channels" | "files">,
  date: DateField,
): Promise<[path: string, route: Route][]> {
  if (!endpoints.includes("demo") || !hasDemoChannels(channels)) return [];
  const { demoAssets } = await import("./pages/demo_assets.ts");
  return [
    ...(files.root === undefined ? [["/", redirect("/")] as [string, Route]] : []),
    ["/demo", redirect("/demo")],
    ...assetRoutes(demoAssets(HOME), date),
  ];
}

function redirect(path: string): Route {
  return {
    label: new LogLabel(`${path} (demo)`),
    methods: ["GET", "HEAD"],
    wantsBody: false,
    webSocket: null,
    handle: (exchange) => exchange.respondText(302, `${LOCATION}\n`, [["Location", LOCATION]]),
  };
}
