/**
 * A request that another process handles: its bytes, as its client has sent them.
 *
 * In: its head, and its body, which was read whole if its route wants it. Out: bytes that are the same request; undefined: its body was not
 * kept. Pure.
 */

import { concatBytes, type RequestHead } from "../../../protocol/mod.ts";

const UTF8 = new TextEncoder();

/** The bytes. A body that came in chunks is one chunk, without trailers. */
export function wholeRequest(
  head: Pick<RequestHead, "chunked" | "contentLength" | "toBytes">,
  body: Uint8Array,
): Uint8Array | undefined {
  const { length } = body;
  if (!head.chunked) {
    return length === Math.max(head.contentLength, 0)
      ? concatBytes([head.toBytes(), body])
      : undefined;
  }
  if (length === 0) return undefined;
  const [first, last] = [`${length.toString(16)}\r\n`, "\r\n0\r\n\r\n"];
  return concatBytes([head.toBytes(), UTF8.encode(first), body, UTF8.encode(last)]);
}
