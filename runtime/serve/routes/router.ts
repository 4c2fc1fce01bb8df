/**
 * Which path is whose: a table of exact paths, and the served folder for all others.
 *
 * In: a path without its query, not decoded. Out: its route, or undefined. The targets that come often
 * are interned by the parser, so that a look-up is that of a string whose hash is known. The endpoints
 * come before the folder: a file of the same name is not seen.
 */

import type { DateField, RequestHead } from "../../../protocol/mod.ts";
import type { Config, EndpointName } from "../../config/mod.ts";
import { escapeText, LogLabel } from "../../observe/log/mod.ts";
import type { Site } from "../files/mod.ts";
import { ANYBODY, type Guard, type Route, type Router } from "../session/mod.ts";
import { assetRoutes } from "./assets.ts";
import { ASTERISK, asteriskRoute } from "./asterisk.ts";
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
  /** Who may ask; without it everybody. */
  readonly guard?: Guard | undefined;
}

/** Where the terminal is: at the top, unless a folder is served there. */
const HOME = "/";
const HOME_BESIDE_FILES = "/term/";
const HEALTH = "/healthz";

const ENDPOINTS: Readonly<Record<EndpointName, (date: DateField, home: string) => Table>> = {
  term: (date, home) => [...assetRoutes(home, date), ["/term", terminalRoute("/term")]],
  ws: () => [["/ws", terminalRoute("/ws")]],
  echo: () => [["/echo", echoRoute()]],
  health: (date) => [[HEALTH, healthRoute(date)]],
};

/** A router over a table. */
export function createRouter(table: Table): Router {
  const routes = new Map(table);
  return { find: (path) => routes.get(path) };
}

/** The endpoints that the config wants, and the folder. */
export function serverRouter({ config, date, site, guard: inner }: RouterParts): Router {
  const home = site === undefined ? HOME : HOME_BESIDE_FILES;
  const endpoints = config.endpoints.flatMap((name) => [...ENDPOINTS[name](date, home)]);
  const routes = new Map([...endpoints, [ASTERISK, asteriskRoute()]]);
  const guard = inner === undefined ? undefined : exempting(inner, (request) => {
    // Health checks have no credentials, and neither have a browser's preflights. Where the check is
    // switched off, its path is one of the folder's.
    if (request.path === HEALTH && routes.has(HEALTH)) return true;
    return isPreflight(request) && site !== undefined && !routes.has(request.path);
  });
  if (site === undefined) return { guard, find: (path) => routes.get(path) };
  return {
    guard,
    find: (path) => routes.get(path) ?? findIn(site, path),
    answerFailure: (exchange) => site.answerFailure(exchange),
    close: () => site.close(),
  };
}

/** What the folder has; should it fail to say, that is an answer of 500, and not the end of the thread. */
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

/** The same guard, but for requests that need none. Should it fail, that is told as of a handler. */
function exempting(guard: Guard, isExempt: (request: RequestHead) => boolean): Guard {
  return {
    judge: (request) => {
      if (isExempt(request)) return ANYBODY;
      try {
        return guard.judge(request);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    refuse: (exchange, verdict) => guard.refuse(exchange, verdict),
  };
}

/** Fetch, "CORS-preflight request": it says nothing of the folder but what its operator allowed all to see. */
function isPreflight(request: RequestHead): boolean {
  return request.method === "OPTIONS" && request.fields.has("access-control-request-method");
}
