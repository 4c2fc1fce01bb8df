/**
 * Answers of `fetch` whose body Deno has decoded: an app may pass them on.
 *
 * In: answers of Deno's fetch. Out: their fields without those that tell of the encoded body, or of its connection: Deno 2.9 keeps them, Deno 2.4 does not. It
 * decodes gzip and br, one coding, unless the request has `Accept-Encoding: identity`.
 */

import { WebHeaders } from "./web_classes.ts";

const DECODED = /^(?:gzip|br)$/i;
const IDENTITY = /^identity$/i;
const UNTRUE: ReadonlySet<string> = new Set(["content-encoding", "content-length", "connection"]);

/** The headers of such answers. */
const decoded = new WeakSet<object>();

/** Remembers the headers of an answer, if its body was decoded. @param asked the headers of the request */
export function noteDecoded({ headers }: Response, asked: HeadersInit): void {
  const coding = headers.get("content-encoding");
  if (coding === null || !DECODED.test(coding)) return;
  if (!IDENTITY.test(new WebHeaders(asked).get("accept-encoding") ?? "")) decoded.add(headers);
}

/** The fields of headers that Deno has made, as far as they are true of the body. */
export function trueFields(headers: Iterable<[string, string]>): [string, string][] {
  const fields = [...headers];
  return decoded.has(headers) ? fields.filter(([name]) => !UNTRUE.has(name)) : fields;
}
