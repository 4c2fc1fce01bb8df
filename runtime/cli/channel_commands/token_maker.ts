/**
 * Makes the tokens of connections and subscriptions, as a backend does: a JSON Web Token with HS256.
 *
 * In: the secret, and what the token says. Out: the token, which was verified as the server does it. JSON passes as it is.
 */

import { CompactSign } from "jose";
import { ByteBuffer } from "../../../protocol/mod.ts";
import { JsonWriter } from "../../../protocol/json/mod.ts";
import { type CapabilityAction, TokenVerifier } from "../../serve/tokens/mod.ts";
import { UsageError } from "../usage_error.ts";
import type { TokenSigning } from "./server_settings.ts";

/** What a connection token allows in channels of one name or pattern. */
export interface AllowedChannels {
  /** With `*` for any text. */
  readonly pattern: string;
  readonly actions: readonly CapabilityAction[];
}

/** What a token says. */
export interface TokenClaims {
  readonly user: string;
  /** Of a subscription token; undefined: a connection token. */
  readonly channel?: string | undefined;
  /** Seconds since 1970 after which it opens nothing. */
  readonly expires: number;
  /** Whether what it opened stays open after that. */
  readonly opensForever?: boolean;
  /** JSON that others see beside the user. */
  readonly info?: Uint8Array | undefined;
  readonly allows?: readonly AllowedChannels[];
}

/** Makes a token. @throws {UsageError} if the server would not take it */
export async function makeToken(signing: TokenSigning, claims: TokenClaims): Promise<string> {
  const token = await new CompactSign(payloadOf(signing, claims))
    .setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(signing.secret);
  const keys = {
    hmacSecrets: [signing.secret],
    publicKeys: new Map(),
    jwksEndpoint: undefined,
  };
  const verifier = new TokenVerifier(keys, signing);
  const now = Date.now() / 1000;
  const result = claims.channel === undefined
    ? await verifier.connection(token, now)
    : await verifier.subscription(token, now);
  if ("fault" in result) throw new UsageError(`the token would not be valid: ${result.reason}`);
  return token;
}

function payloadOf(
  { audience, issuer }: TokenSigning,
  { user, channel, expires, opensForever, info, allows = [] }: TokenClaims,
): Uint8Array {
  const json = new JsonWriter(new ByteBuffer()).openObject();
  json.name("sub").text(user);
  if (channel !== undefined) json.name("channel").text(channel);
  json.name("iat").integer(Math.floor(Date.now() / 1000)).name("exp").integer(expires);
  if (opensForever) json.name("expire_at").integer(0);
  if (audience !== undefined) json.name("aud").text(audience);
  if (issuer !== undefined) json.name("iss").text(issuer);
  if (info !== undefined) json.name("info").raw(info);
  if (allows.length > 0) writeCapabilities(json.name("caps"), allows);
  return json.closeObject().out.view();
}

function writeCapabilities(json: JsonWriter, allows: readonly AllowedChannels[]): void {
  json.openArray();
  for (const { pattern, actions } of allows) {
    json.openObject().name("channels").openArray().text(pattern).closeArray();
    if (pattern.includes("*")) json.name("match").text("wildcard");
    json.name("allow").openArray();
    for (const action of actions) json.text(action);
    json.closeArray().closeObject();
  }
  json.closeArray();
}
