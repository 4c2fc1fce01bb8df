/**
 * Answers of `fetch`, which an app may pass on: what of their fields is true of what this server sends.
 *
 * In: answers of Deno's fetch. Out: their fields without those of the other server's connection, and, if Deno has decoded the body, without
 * those of the encoded bytes: Deno 2.9 keeps these, Deno 2.4 does not. Deno decodes gzip and br, one coding, unless the request has
 * `Accept-Encoding: identity`.
 */

import { WebHeaders } from "./web_classes.ts";

const DECODED = /^(?:gzip|br)$/i;
const IDENTITY = /^identity$/i;
/** Fields about the encoded bytes (RFC 9110 section 8.4, RFC 9530). */
const OF_ENCODED: readonly string[] = [
  "content-encoding",
  "content-length",
  "content-md5",
  "content-digest",
  "digest",
  "repr-digest",
];

type Fields = [string, string][];

/** The headers of answers of fetch, and whether the body was decoded. */
const fetched = new WeakMap<object, { readonly isDecoded: boolean }>();

/** Remembers the headers of an answer. @param asked the headers of the request */
export function noteFetched({ headers }: Response, asked: HeadersInit): void {
  const coding = headers.get("content-encoding");
  const isDecoded = coding !== null && DECODED.test(coding) &&
    !IDENTITY.test(new WebHeaders(asked).get("accept-encoding") ?? "");
  fetched.set(headers, { isDecoded });
}

/** The same of the headers of a copy. */
export function noteCopy(headers: Headers, copy: Headers): void {
  const known = fetched.get(headers);
  if (known !== undefined) fetched.set(copy, known);
}

/** Whether headers that Deno has made tell of encoded bytes, in place of those that the app gets. */
export function tellOfEncoded(headers: Headers): boolean {
  return fetched.get(headers)?.isDecoded === true && OF_ENCODED.some((name) => headers.has(name));
}

/** The fields of headers that Deno has made, as far as they are true of what is sent. */
export function trueFields(headers: Headers): Fields {
  const fields = [...headers];
  const known = fetched.get(headers);
  if (known === undefined) return fields;
  const untrue = new Set(ofConnection(headers));
  if (known.isDecoded) { for (const name of OF_ENCODED) untrue.add(name); }
  return fields.filter(([name]) => !untrue.has(name));
}

/** RFC 9110 section 7.6.1: Connection, and what it names; the others of that section are never sent. */
function ofConnection(headers: Headers): string[] {
  const named = headers.get("connection");
  if (named === null) return [];
  return ["connection", ...named.toLowerCase().split(",").map((name) => name.trim())];
}
