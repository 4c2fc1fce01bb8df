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
const MAX_USER_BYTES = 253;

/** The claims of a connection token; an error to answer with; undefined: it is invalid, and the client has to stay away. */
export async function checkConnectionToken(
  { verifier, epochSeconds }: ChannelContext,
  token: string,
): Promise<ConnectionClaims | ClientError | undefined> {
  const claims = await verifier?.connection(token, epochSeconds());
  if (claims === undefined) return undefined;
  if ("fault" in claims) return errorOf(claims);
  return new TextEncoder().encode(claims.user).length > MAX_USER_BYTES ? undefined : claims;
}

/** The claims of a subscription token, if it is this client's; or the error to answer with. */
export async function readSubscriptionToken(
  { verifier, epochSeconds }: ChannelContext,
  token: string,
  { id, user }: ClientIdentity,
): Promise<SubscriptionClaims | ClientError> {
  const claims = await verifier?.subscription(token, epochSeconds());
  if (claims === undefined) return CLIENT_ERRORS.PERMISSION_DENIED;
  if ("fault" in claims) return errorOf(claims) ?? CLIENT_ERRORS.PERMISSION_DENIED;
  const isOurs = claims.user === user && (claims.client === "" || claims.client === id);
  return isOurs ? claims : CLIENT_ERRORS.PERMISSION_DENIED;
}

/** The claims of a subscription token, if it is this client's and this channel's; or the error to answer with. */
export async function checkSubscriptionToken(
  context: ChannelContext,
  token: string,
  { channel, identity }: { readonly channel: string; readonly identity: ClientIdentity },
): Promise<SubscriptionClaims | ClientError> {
  const claims = await readSubscriptionToken(context, token, identity);
  const isOther = "channel" in claims && claims.channel !== channel;
  return isOther ? CLIENT_ERRORS.PERMISSION_DENIED : claims;
}

/** The error for a token that is not valid; undefined: it is no token of ours. */
function errorOf({ fault }: TokenFault): ClientError | undefined {
  if (fault === "expired") return CLIENT_ERRORS.TOKEN_EXPIRED;
  return fault === "unavailable" ? CLIENT_ERRORS.INTERNAL : undefined;
}
