/**
 * Maps paths to routes: a table of exact paths, and the served folder for all others.
 *
 * In: a path without its query, not decoded. Out: its route, or undefined. The parser interns frequent
 * targets, so that a look-up uses a string whose hash is known. Endpoints take precedence over the folder: a
 * file of the same name cannot be reached.
 */

import type { DateField, RequestHead } from "../../../protocol/mod.ts";
import type { Config, EndpointName } from "../../config/mod.ts";
import { escapeText, LogLabel } from "../../observe/log/mod.ts";
import type { Site } from "../files/mod.ts";
import { ANYBODY, type AppRoute, type Guard, type Route, type Router } from "../session/mod.ts";
import { assetRoutes } from "./assets.ts";
import { ASTERISK, asteriskRoute } from "./asterisk.ts";
import { echoRoute } from "./echo.ts";
import { healthRoute } from "./health.ts";
import { pageAssets } from "./pages/mod.ts";
import { terminalRoute } from "./terminal.ts";

type Table = Iterable<readonly [path: string, route: Route]>;
/** The endpoints that are always loaded. */
type BasicEndpoint = Exclude<EndpointName, "demo">;

/** Routes that are found by paths of which a part is not known before. */
export interface KeyedRoutes {
  find(path: string): Route | undefined;
  /** The route of a path that neither the other endpoints nor a folder have. */
  findUnknown(path: string): Route | undefined;
}

/** What a worker's router is made from. */
export interface RouterParts {
  readonly config: Pick<Config, "endpoints">;
  /** The worker's Date field. */
  readonly date: DateField;
  /** The served folder, if there is one. */
  readonly site?: Site | undefined;
  /** The demo chat, whose place any other endpoint takes; absent: there is none. */
  readonly demo?: Table | undefined;
  /** The endpoints of channels; absent: there are none. */
  readonly channels?: Table | undefined;
  /** Endpoints of whose paths a part is a key or a name; absent: there are none. */
  readonly keyed?: KeyedRoutes | undefined;
  /** Decides which requests are answered; absent: all are. */
  readonly guard?: Guard | undefined;
  /** Asked before the endpoints and the folder; absent: there is no app. */
  readonly app?: AppRoute | undefined;
}

/** The path of the terminal: the root, unless a folder is served there. */
const HOME = "/";
const HOME_BESIDE_FILES = "/term/";
const HEALTH = "/healthz";

const ENDPOINTS: Readonly<Record<BasicEndpoint, (date: DateField, home: string) => Table>> = {
  term: (date, home) => [...assetRoutes(pageAssets(home), date), ["/term", terminalRoute("/term")]],
  ws: () => [["/ws", terminalRoute("/ws")]],
  echo: () => [["/echo", echoRoute()]],
  health: (date) => [[HEALTH, healthRoute(date)]],
};

/** A router over a table. */
export function createRouter(table: Table): Router {
  const routes = new Map(table);
  return { find: (path) => routes.get(path) };
}

/** The router of the configured endpoints and the folder. */
export function serverRouter(
  { config, date, site, demo = [], channels = [], keyed, guard: inner, app }: RouterParts,
): Router {
  const home = site === undefined ? HOME : HOME_BESIDE_FILES;
  const endpoints = config.endpoints.flatMap((name) =>
    name === "demo" ? [] : [...ENDPOINTS[name](date, home)]
  );
  const routes = new Map([...demo, ...endpoints, ...channels, [ASTERISK, asteriskRoute()]]);
  const guard = inner === undefined ? undefined : exempting(inner, (request) => {
    // Health checks have no credentials, and neither have a browser's preflights. If the check is
    // switched off, its path belongs to the folder.
    if (request.path === HEALTH && routes.has(HEALTH)) return true;
    if (!isPreflight(request)) return false;
    const route = routes.get(request.path);
    return route === undefined ? site !== undefined : route.methods?.includes("OPTIONS") === true;
  });
  const findEndpoint = keyed === undefined
    ? (path: string) => routes.get(path)
    : (path: string) => routes.get(path) ?? keyed.find(path);
  if (site === undefined) {
    const find = keyed === undefined
      ? findEndpoint
      : (path: string) => findEndpoint(path) ?? keyed.findUnknown(path);
    return { guard, app, find };
  }
  return {
    guard,
    app,
    find: (path) => findEndpoint(path) ?? findIn(site, path),
    answerFailure: (exchange) => site.answerFailure(exchange),
    close: () => site.close(),
  };
}

/** The folder's route of a path; an exception becomes an answer of 500, and does not end the thread. */
function findIn(site: Site, path: string): Route {
  try {
    return site.find(path);
  } catch (error) {
    return {
      label: new LogLabel(`${escapeText(path)} (failed)`),
      methods: null,
      wantsBody: false,
      webSocket: null,
      handle() {
        throw error;
      },
    };
  }
}

/** The same guard with exempt requests. An exception becomes a rejected promise, handled like a handler's. */
function exempting(guard: Guard, isExempt: (request: RequestHead) => boolean): Guard {
  return {
    judge: (request, client) => {
      if (isExempt(request)) return ANYBODY;
      try {
        return guard.judge(request, client);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    refuse: (exchange, verdict) => guard.refuse(exchange, verdict),
  };
}

/** Fetch, "CORS-preflight request": its answer reveals nothing but the CORS fields of the site or the endpoint. */
function isPreflight(request: RequestHead): boolean {
  return request.method === "OPTIONS" && request.fields.has("access-control-request-method");
}
