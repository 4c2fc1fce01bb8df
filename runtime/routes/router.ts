/**
 * Which path is whose: a table of exact paths, and the served folder for all others.
 *
 * In: a path without its query, not decoded. Out: its route, or undefined. The targets that come often
 * are interned by the parser, so that a look-up is that of a string whose hash is known. The endpoints
 * come before the folder: a file of the same name is not seen.
 */

import type { DateField } from "../../protocol/mod.ts";
import type { Config, EndpointName } from "../config/mod.ts";
import type { Site } from "../files/mod.ts";
import type { Route, Router } from "../session/mod.ts";
import { assetRoutes } from "./assets.ts";
import { echoRoute } from "./echo.ts";
import { healthRoute } from "./health.ts";
import { terminalRoute } from "./terminal.ts";

type Table = Iterable<readonly [path: string, route: Route]>;

/** What a worker's endpoints are made of. */
export interface RouterParts {
  readonly config: Pick<Config, "endpoints">;
  /** The worker's own. */
  readonly date: DateField;
  /** The served folder, if there is one. */
  readonly site?: Site | undefined;
}

/** Where the terminal is: at the top, unless a folder is served there. */
const HOME = "/";
const HOME_BESIDE_FILES = "/term/";

const ENDPOINTS: Readonly<Record<EndpointName, (date: DateField, home: string) => Table>> = {
  term: (date, home) => [...assetRoutes(home, date), ["/term", terminalRoute("/term")]],
  ws: () => [["/ws", terminalRoute("/ws")]],
  echo: () => [["/echo", echoRoute()]],
  health: (date) => [["/healthz", healthRoute(date)]],
};

/** A router over a table. */
export function createRouter(table: Table): Router {
  const routes = new Map(table);
  return { find: (path) => routes.get(path) };
}

/** The endpoints that the config wants, and the folder. */
export function serverRouter({ config, date, site }: RouterParts): Router {
  const home = site === undefined ? HOME : HOME_BESIDE_FILES;
  const routes = new Map(config.endpoints.flatMap((name) => [...ENDPOINTS[name](date, home)]));
  if (site === undefined) return { find: (path) => routes.get(path) };
  return {
    find: (path) => routes.get(path) ?? site.find(path),
    answerFailure: (exchange) => site.answerFailure(exchange),
  };
}
