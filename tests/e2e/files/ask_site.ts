/**
 * Asks a served folder: a request by its method, path and field lines, on a connection of its own.
 */

import { ask, type Endpoint, type HttpAnswer } from "../../support/http_client.ts";

/** Asks with GET. */
export function get(
  server: Endpoint,
  path: string,
  fields: readonly string[] = [],
): Promise<HttpAnswer> {
  return request(server, "GET", path, fields);
}

/** Asks with any method. */
export function request(
  server: Endpoint,
  method: string,
  path: string,
  fields: readonly string[] = [],
): Promise<HttpAnswer> {
  return ask(server, [`${method} ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n"));
}
