/**
 * Which path is whose: a table of exact paths.
 *
 * In: a path without its query, not decoded. Out: its route, or undefined. The targets that come often
 * are interned by the parser, so that a look-up is that of a string whose hash is known.
 */

import type { DateField } from "../../protocol/mod.ts";
import type { Route, Router } from "../session/mod.ts";
import { assetRoutes } from "./assets.ts";
import { echoRoute } from "./echo.ts";
import { healthRoute } from "./health.ts";
import { terminalRoute } from "./terminal.ts";

/** A router over a table. */
export function createRouter(table: Iterable<readonly [path: string, route: Route]>): Router {
  const routes = new Map(table);
  return { find: (path) => routes.get(path) };
}

/** Every endpoint of the server; `date` is the worker's own. */
export function defaultRouter(date: DateField): Router {
  return createRouter([
    ...assetRoutes(date),
    ["/ws", terminalRoute("/ws")],
    ["/term", terminalRoute("/term")],
    ["/echo", echoRoute()],
    ["/healthz", healthRoute(date)],
  ]);
}
