/**
 * Who the client is, and whether it speaks https, if believed proxies stand in between.
 *
 * In: a request, the address of who sent it, and which proxies are believed in which field. Out: the client's
 * address and scheme, for handlers and the access log. Without proxies that are believed it looks at nothing.
 */

import { clientAddress, clientScheme, type RequestHead } from "../../../protocol/mod.ts";
import type { ProxyConfig } from "../../config/mod.ts";

/** The client of a request; of one that could not be read the peer. */
export function clientOf(
  request: RequestHead | null,
  peerAddress: string,
  { trustedProxies, trustedField }: ProxyConfig,
): string {
  if (request === null || trustedProxies.length === 0) return peerAddress;
  const fields = {
    xForwardedFor: trustedField === "forwarded" ? undefined : request.field("x-forwarded-for"),
    forwarded: trustedField === "x-forwarded-for" ? undefined : request.field("forwarded"),
  };
  return clientAddress(peerAddress, fields, trustedProxies);
}

/** The scheme that believed proxies say the client speaks, in lower case; undefined if none says so. */
export function schemeOf(
  request: RequestHead,
  peerAddress: string,
  { trustedProxies, trustedField }: ProxyConfig,
): string | undefined {
  if (trustedProxies.length === 0) return undefined;
  const fields = {
    xForwardedProto: trustedField === "forwarded" ? undefined : request.field("x-forwarded-proto"),
    forwarded: trustedField === "x-forwarded-for" ? undefined : request.field("forwarded"),
  };
  return clientScheme(peerAddress, fields, trustedProxies);
}
