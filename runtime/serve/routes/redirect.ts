/**
 * The answer of the plain port beside https: the same address with https, whatever is asked for.
 *
 * In: the port of https. Out: a router whose every path is 308, so that a POST stays a POST (RFC 9110
 * section 15.4.9). The host is the one that the client named; one that is no host name or address is
 * 400, as it would end up in a Location.
 */

import { parseIpAddress } from "../../../protocol/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Route, Router } from "../session/mod.ts";

const HTTPS_PORT = 443;
/** RFC 3986 section 3.2.2, a registered name without percent-encoding and delimiters; RFC 1035's length. */
const NAME = /^[A-Za-z0-9._~-]{1,253}$/;
const HOST = /^(?<host>\[[^\]]*\]|[^:\[\]]*)(?::\d{0,5})?$/;

/** Sends everybody to https on `port`. */
export function redirectRouter(port: number): Router {
  const route = redirectRoute(port);
  return { find: () => route };
}

/** Where https is for a Host of plain HTTP, or undefined where that is no host. */
export function httpsOrigin(hostAndPort: string, port: number): string | undefined {
  const host = HOST.exec(hostAndPort)?.groups?.["host"];
  if (host === undefined) return undefined;
  const isAddress = host.startsWith("[") && host.includes(":") &&
    parseIpAddress(host.slice(1, -1)) !== null;
  if (!isAddress && !NAME.test(host)) return undefined;
  return port === HTTPS_PORT ? `https://${host}` : `https://${host}:${port}`;
}

function redirectRoute(port: number): Route {
  return {
    label: new LogLabel("* (redirect to https)"),
    methods: null,
    wantsBody: false,
    webSocket: null,
    handle: (exchange) => {
      const { request } = exchange;
      const origin = httpsOrigin(request.host(), port);
      if (origin === undefined) return exchange.respondText(400, "Host names no host\n");
      const path = request.path === "*" ? "/" : request.path;
      const location = `${origin}${path}${request.query === "" ? "" : `?${request.query}`}`;
      exchange.respondText(308, `${location}\n`, [["Location", location]]);
    },
  };
}
