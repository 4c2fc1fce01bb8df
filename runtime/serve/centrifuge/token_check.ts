/**
 * Verifies the tokens that a client sends, and decides what to answer for those that are not valid.
 *
 * In: tokens, and whose they must be. Out: their claims, or the error to answer with. Why a token is not valid is not told to the
 * client.
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import type { ConnectionClaims, SubscriptionClaims, TokenFault } from "../tokens/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ClientIdentity } from "./client_identity.ts";

/** Longer user names would not fit into the store. */
export const MAX_USER_BYTES = 253;

/** Whether tokens are looked at: if everybody may do everything and there are no keys, no token can be wrong. */
export function checksTokens(
  { isInsecure, verifier }: Pick<ChannelContext, "isInsecure" | "verifier">,
): boolean {
  return !isInsecure || verifier !== undefined;
}

/** The claims of a connection token; an error to answer with; undefined: it is invalid, and the client has to stay away. */
export async function checkConnectionToken(
  { verifier, epochSeconds, meter }: ChannelContext,
  token: string,
): Promise<ConnectionClaims | ClientError | undefined> {
  const claims = await verifier?.connection(token, epochSeconds());
  const isTooLong = claims !== undefined && "user" in claims &&
    new TextEncoder().encode(claims.user).length > MAX_USER_BYTES;
  if (claims !== undefined && !("fault" in claims) && !isTooLong) return claims;
  const fault = claims !== undefined && "fault" in claims ? claims : undefined;
  meter.tokenRefused("connection", fault?.fault ?? "invalid");
  return fault && errorOf(fault);
}

/** The claims of a subscription token, if it is this client's; or the error to answer with. */
export async function readSubscriptionToken(
  { verifier, epochSeconds, meter }: ChannelContext,
  token: string,
  { id, user }: ClientIdentity,
): Promise<SubscriptionClaims | ClientError> {
  const claims = await verifier?.subscription(token, epochSeconds());
  if (claims === undefined || "fault" in claims) {
    meter.tokenRefused("subscription", claims?.fault ?? "invalid");
    return (claims && errorOf(claims)) ?? CLIENT_ERRORS.PERMISSION_DENIED;
  }
  if (claims.user === user && (claims.client === "" || claims.client === id)) return claims;
  meter.tokenRefused("subscription", "invalid");
  return CLIENT_ERRORS.PERMISSION_DENIED;
}

/** The claims of a subscription token, if it is this client's and this channel's; or the error to answer with. */
export async function checkSubscriptionToken(
  context: ChannelContext,
  token: string,
  { channel, identity }: { readonly channel: string; readonly identity: ClientIdentity },
): Promise<SubscriptionClaims | ClientError> {
  const claims = await readSubscriptionToken(context, token, identity);
  if ("code" in claims || claims.channel === channel) return claims;
  context.meter.tokenRefused("subscription", "invalid");
  return CLIENT_ERRORS.PERMISSION_DENIED;
}

/** The error for a token that is not valid; undefined: it is no token of ours. */
function errorOf({ fault }: TokenFault): ClientError | undefined {
  if (fault === "expired") return CLIENT_ERRORS.TOKEN_EXPIRED;
  return fault === "unavailable" ? CLIENT_ERRORS.INTERNAL : undefined;
}
