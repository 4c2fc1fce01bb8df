/**
 * The answer of the plain port beside https: the same address with https, whatever is asked for.
 *
 * In: the port of https. Out: a router whose every path is 308, so that a POST stays a POST (RFC 9110
 * section 15.4.9). The host is the one that the client named; the protocol has judged it, so that it can
 * stand in a Location. A client of HTTP/1.0 may have named none: 400.
 */

import { LogLabel } from "../../observe/log/mod.ts";
import type { Route, Router } from "../session/mod.ts";
import { ASTERISK, asteriskRoute } from "./asterisk.ts";

const HTTPS_PORT = 443;
/** The port of a host that is one: the last ":" within brackets has a "]" behind it. */
const PORT = /:\d*$/;

/** Sends everybody to https on `port`. */
export function redirectRouter(port: number): Router {
  const redirect = redirectRoute(port);
  const asterisk = asteriskRoute();
  return { find: (path) => path === ASTERISK ? asterisk : redirect };
}

function redirectRoute(port: number): Route {
  const suffix = port === HTTPS_PORT ? "" : `:${port}`;
  return {
    label: new LogLabel("* (redirect to https)"),
    methods: null,
    wantsBody: false,
    webSocket: null,
    handle: (exchange) => {
      const { path, query } = exchange.request;
      const host = exchange.request.host().replace(PORT, "");
      if (host === "") return exchange.respondText(400, "Host names no host\n");
      const location = `https://${host}${suffix}${path}${query === "" ? "" : `?${query}`}`;
      exchange.respondText(308, `${location}\n`, [["Location", location]]);
    },
  };
}
