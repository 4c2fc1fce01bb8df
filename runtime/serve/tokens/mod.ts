/**
 * Tokens of connections and subscriptions: JSON Web Tokens that the application's backend signs.
 *
 * ```ts
 * import { SignJWT } from "jose";
 * import { NO_TOKENS } from "../../config/mod.ts";
 * import { loadTokenKeys, TokenVerifier } from "./mod.ts";
 *
 * const secret = "a secret that only the backend and this server know";
 * const places = { readText: Deno.readTextFileSync, variable: () => secret };
 * const hmacSecrets = [{ kind: "variable", name: "TOKEN_SECRET" }] as const;
 * const keys = await loadTokenKeys({ ...NO_TOKENS, hmacSecrets }, places);
 * const verifier = new TokenVerifier(keys, { audience: undefined, issuer: undefined });
 *
 * const unsigned = new SignJWT({ sub: "42" }).setProtectedHeader({ alg: "HS256" });
 * const token = await unsigned.sign(new TextEncoder().encode(secret));
 * console.log(await verifier.connection(token, Date.now() / 1000)); // { user: "42", … }
 * ```
 *
 * @module
 */

export { type Capability, type CapabilityAction, isCapable } from "./capability.ts";
export {
  checkConnectionClaims,
  checkSubscriptionClaims,
  type ClaimRules,
  type ConnectionClaims,
  readOverride,
  readSubscription,
  type SubscriptionClaims,
  type SubscriptionOverride,
  type TokenFault,
  type TokenSubscription,
} from "./claims.ts";
export { type ChannelSecrets, loadChannelSecrets } from "./channel_secrets.ts";
export { fetchBounded } from "./fetch_bounded.ts";
export { loadTokenKeys } from "./load_keys.ts";
export { KEY_SET_TIMES } from "./remote_key_set.ts";
export { readSecret, type SecretPlaces } from "./read_secret.ts";
export { type TokenKeys, TokenVerifier } from "./token_verifier.ts";
export { matchesWildcard } from "./wildcard.ts";
