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

/** The claims of a connection token; an error to answer with; undefined: it is invalid, and the client has to stay away. */
export async function checkConnectionToken(
  { verifier, epochSeconds, meter }: ChannelContext,
  token: string,
): Promise<ConnectionClaims | ClientError | undefined> {
  const claims = await verifier?.connection(token, epochSeconds());
  if (claims !== undefined && !("fault" in claims)) return claims;
  meter.tokenRefused("connection", claims?.fault ?? "invalid");
  return claims && errorOf(claims);
}

/** The claims of a subscription token, if it is this client's and this channel's; or the error to answer with. */
export async function checkSubscriptionToken(
  { verifier, epochSeconds, meter }: ChannelContext,
  token: string,
  of: { readonly channel: string; readonly identity: ClientIdentity },
): Promise<SubscriptionClaims | ClientError> {
  const claims = await verifier?.subscription(token, epochSeconds());
  if (claims === undefined || "fault" in claims) {
    meter.tokenRefused("subscription", claims?.fault ?? "invalid");
    return (claims && errorOf(claims)) ?? CLIENT_ERRORS.PERMISSION_DENIED;
  }
  const { channel, identity: { id, user } } = of;
  const isOurs = claims.channel === channel && claims.user === user &&
    (claims.client === "" || claims.client === id);
  if (isOurs) return claims;
  meter.tokenRefused("subscription", "invalid");
  return CLIENT_ERRORS.PERMISSION_DENIED;
}

/** The error for a token that is not valid; undefined: it is no token of ours. */
function errorOf({ fault }: TokenFault): ClientError | undefined {
  if (fault === "expired") return CLIENT_ERRORS.TOKEN_EXPIRED;
  return fault === "unavailable" ? CLIENT_ERRORS.INTERNAL : undefined;
}
