/**
 * Where the server is that a command talks to.
 *
 * In: `--url`, or the config that the server has with the same file and variables. Out: a URL that ends with a slash, so that
 * paths can be resolved against it. Throws UsageError.
 */

import { urlHost } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import { reachableHost } from "../reachable_host.ts";
import { UsageError } from "../usage_error.ts";

const HTTP: readonly string[] = ["http:", "https:"];

/** The address that is given. @throws {UsageError} */
export function parseServerUrl(text: string): URL {
  const url = URL.parse(text.replace(/^ws(?=s?:\/\/)/i, "http"));
  if (url === null || !HTTP.includes(url.protocol)) {
    const isBare = /^[\w.[\]:-]+(?:\/|$)/.test(text) && !text.includes("://");
    const meant = isBare ? URL.parse(`http://${text}`) : null;
    const hint = meant === null ? "" : `: did you mean http://${text}?`;
    throw new UsageError(
      `--url must be an address that begins with http:// or https://, not "${text}"${hint}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(
      "--url must not have a password, which every user of the machine can see in the arguments",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`--url must end with a host, a port or a path, not "${text}"`);
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** The address of a server with this config, from its own machine. @throws {UsageError} if it has none to connect to */
export function urlOfConfig({ hostname, port, tls, unix }: Config): URL {
  if (unix.path !== undefined) {
    throw new UsageError(
      `the server listens on the Unix socket ${unix.path}, which these commands cannot use: ` +
        "name an address of a proxy in front of it with --url",
    );
  }
  if (port === 0) {
    throw new UsageError(
      "the port is unknown: port 0 means any free port; name the server's address with --url",
    );
  }
  const host = reachableHost(hostname);
  const scheme = tls.cert === undefined ? "http" : "https";
  return new URL(`${scheme}://${urlHost(host)}:${port}/`);
}
