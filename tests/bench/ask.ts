/**
 * One request to a server that is measured, by fetch: to see whether it is up, and does the same work.
 *
 * In: the kind of work, a port, a path. Out: the response. Asks for no compression, which wrk does not
 * either, and for the end of the connection. Trusts the certificate of the TLS rows and no other.
 */

import { CA_FILE } from "./certificate.ts";
import type { Work } from "./rows.ts";

/** The scheme, host and port of a server. */
export function originOf(work: Work, port: number): string {
  return `${work === "tls" ? "https" : "http"}://127.0.0.1:${port}`;
}

/** Asks. @throws TypeError when there is no answer */
export async function ask(
  url: string,
  init: { method?: string; body?: BodyInit } = {},
): Promise<Response> {
  const headers = { "accept-encoding": "identity", connection: "close" };
  if (!url.startsWith("https:")) return await fetch(url, { ...init, headers });
  const caCerts = [await Deno.readTextFile(CA_FILE)];
  using client = Deno.createHttpClient({ caCerts, http2: false });
  const response = await fetch(url, { ...init, headers, client });
  // Read here: the client is closed before the caller could.
  return new Response(await response.bytes(), response);
}
