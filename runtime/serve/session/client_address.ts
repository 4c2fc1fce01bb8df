/**
 * The client's address and scheme behind trusted proxies.
 *
 * In: a request, the peer's address, and which proxies are trusted in which field. Out: the client's address
 * and scheme, for handlers and the access log. Without trusted proxies no field is read.
 */

import { clientAddress, clientScheme, type RequestHead } from "../../../protocol/mod.ts";
import type { ProxyConfig } from "../../config/mod.ts";

/** The client's address; for input that is not a valid request, the peer's. */
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

/** The client's scheme as trusted proxies state it, in lower case; undefined if none does. */
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
