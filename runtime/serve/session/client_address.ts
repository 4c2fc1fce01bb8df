/**
 * Who the client is, where believed proxies stand in between.
 *
 * In: a request and the address of who sent it. Out: the client's address, for handlers and the access log.
 * Without proxies that are believed it looks at nothing.
 */

import { type Cidr, clientAddress, type RequestHead } from "../../../protocol/mod.ts";

/** The client of a request; of one that could not be read the peer. */
export function clientOf(
  request: RequestHead | null,
  peerAddress: string,
  trustedProxies: readonly Cidr[],
): string {
  if (request === null || trustedProxies.length === 0) return peerAddress;
  const fields = {
    xForwardedFor: request.field("x-forwarded-for"),
    forwarded: request.field("forwarded"),
  };
  return clientAddress(peerAddress, fields, trustedProxies);
}
