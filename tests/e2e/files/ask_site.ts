/**
 * Requests to a served folder, by method, path and field lines, each on a connection of its own.
 */

import { ask, type Endpoint, type HttpAnswer } from "../../support/http_client.ts";

/** Sends a GET. */
export function get(
  server: Endpoint,
  path: string,
  fields: readonly string[] = [],
): Promise<HttpAnswer> {
  return request(server, "GET", path, fields);
}

/** Sends a request with any method. */
export function request(
  server: Endpoint,
  method: string,
  path: string,
  fields: readonly string[] = [],
): Promise<HttpAnswer> {
  return ask(server, [`${method} ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n"));
}
