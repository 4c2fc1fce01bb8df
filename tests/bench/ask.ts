/**
 * One request with fetch to a measured server, to check whether it is up and does the same work.
 *
 * In: the kind of work, a port, a path. Out: the response. Requests no compression, like wrk, and
 * `Connection: close`. Trusts only the certificate of the TLS rows.
 */

import { CA_FILE } from "./certificate.ts";
import { usesTls, type Work } from "./rows.ts";

/** The scheme, host and port of a server. */
export function originOf(work: Work, port: number): string {
  return `${usesTls(work) ? "https" : "http"}://127.0.0.1:${port}`;
}

/** Sends the request. @throws TypeError if there is no response */
export async function ask(
  url: string,
  init: { method?: string; body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers = { "accept-encoding": "identity", connection: "close", ...init.headers };
  if (!url.startsWith("https:")) return await fetch(url, { ...init, headers });
  const caCerts = [await Deno.readTextFile(CA_FILE)];
  using client = Deno.createHttpClient({ caCerts, http2: false });
  const response = await fetch(url, { ...init, headers, client });
  // The body is read here, because the client is closed before the caller could read it.
  return new Response(await response.bytes(), response);
}
