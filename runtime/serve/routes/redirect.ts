/**
 * The router of the plain HTTP port: redirects every request to the same address with https.
 *
 * In: the port of https. Out: a router that answers every path with 308, so that a POST stays a POST (RFC
 * 9110 section 15.4.9). The host is the one in the request; the protocol has validated it, so it is safe in
 * a Location. A client of HTTP/1.0 may send no host: 400.
 */

import { LogLabel } from "../../observe/log/mod.ts";
import type { Route, Router } from "../session/mod.ts";
import { ASTERISK, asteriskRoute } from "./asterisk.ts";

const HTTPS_PORT = 443;
/** The port of a host. A ":" of an IPv6 address does not match, as it is followed by a "]". */
const PORT = /:\d*$/;

/** Redirects all requests to https on `port`. */
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
      if (host === "") return exchange.respondText(400, "The Host field is empty or missing\n");
      const location = `https://${host}${suffix}${path}${query === "" ? "" : `?${query}`}`;
      exchange.respondText(308, `${location}\n`, [["Location", location]]);
    },
  };
}
