/**
 * Verifies tokens: JSON Web Tokens (RFC 7519) signed by the application's backend.
 *
 * In: keys, once; then tokens as clients send them. Out: the claims, or why the token is not valid. The signature is verified
 * by jose, the claims by claims.ts. The algorithm that a token names selects among keys of its own kind alone: a
 * public key is never taken for a secret (RFC 8725 section 3.1). `none` is no algorithm here. Used by each worker
 * with keys of its own; a key set at an address is fetched when a token needs it.
 */

import { compactVerify, decodeProtectedHeader, errors } from "jose";
import {
  checkConnectionClaims,
  checkSubscriptionClaims,
  type ClaimRules,
  type ConnectionClaims,
  type SubscriptionClaims,
  type TokenFault,
} from "./claims.ts";
import type { KeySetFetch } from "./fetch_bounded.ts";
import { PUBLIC_KEY_ALGORITHMS, type PublicKeys } from "./public_keys.ts";
import { RemoteKeySet } from "./remote_key_set.ts";

/** RFC 7518 section 3.2. */
const HMAC_ALGORITHMS: readonly string[] = ["HS256", "HS384", "HS512"];

/** What tokens are verified with. */
export interface TokenKeys {
  /** Each is tried. */
  readonly hmacSecrets: readonly Uint8Array[];
  readonly publicKeys: PublicKeys;
  /** Where a JSON Web Key Set is. */
  readonly jwksEndpoint: string | undefined;
  /** What fetches that set; absent: this thread does. */
  readonly fetchKeySet?: KeySetFetch | undefined;
}

type Header = ReturnType<typeof decodeProtectedHeader>;
type Key = CryptoKey | Uint8Array;

/** Verifies tokens. */
export class TokenVerifier {
  readonly #keys: TokenKeys;
  readonly #rules: Omit<ClaimRules, "now">;
  readonly #keySet: RemoteKeySet | undefined;

  /** @param rules what the claims must say */
  constructor(keys: TokenKeys, rules: Omit<ClaimRules, "now">) {
    this.#keys = keys;
    this.#rules = rules;
    const { fetchKeySet, jwksEndpoint } = keys;
    this.#keySet = jwksEndpoint === undefined
      ? undefined
      : new RemoteKeySet(jwksEndpoint, {}, fetchKeySet);
  }

  /** The claims of a connection token. @param now seconds since 1970 */
  async connection(token: string, now: number): Promise<ConnectionClaims | TokenFault> {
    const payload = await this.#verify(token);
    return "fault" in payload ? payload : checkConnectionClaims(payload, { ...this.#rules, now });
  }

  /** The claims of a subscription token. @param now seconds since 1970 */
  async subscription(token: string, now: number): Promise<SubscriptionClaims | TokenFault> {
    const payload = await this.#verify(token);
    return "fault" in payload ? payload : checkSubscriptionClaims(payload, { ...this.#rules, now });
  }

  /** The payload of a token whose signature is right. */
  async #verify(token: string): Promise<Uint8Array | TokenFault> {
    const header = headerOf(token);
    if (header === undefined) return invalid("it is no JSON Web Token");
    // RFC 7797 section 7: no JSON Web Token has an unencoded payload.
    if (header["b64"] !== undefined) return invalid("its payload is not encoded");
    const { alg = "" } = header;
    const keys = await this.#keysFor(token, header);
    if ("fault" in keys) return keys;
    let found: Uint8Array | TokenFault = invalid(`there is no key for its algorithm ${alg}`);
    for (const key of keys) {
      found = await verify(token, key, alg);
      if (!("fault" in found)) return found;
    }
    return found;
  }

  async #keysFor(token: string, header: Header): Promise<readonly Key[] | TokenFault> {
    const { alg = "" } = header;
    if (HMAC_ALGORITHMS.includes(alg)) return this.#keys.hmacSecrets;
    if (!PUBLIC_KEY_ALGORITHMS.includes(alg)) return [];
    if (this.#keySet === undefined) return this.#keys.publicKeys.get(alg) ?? [];
    return await this.#keySet.keysFor(token, header);
  }
}

function headerOf(token: string): Header | undefined {
  try {
    return decodeProtectedHeader(token);
  } catch (error) {
    if (error instanceof TypeError || error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** The payload, if the signature is that of this key. */
async function verify(token: string, key: Key, alg: string): Promise<Uint8Array | TokenFault> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [alg] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return invalid("its signature is wrong");
    // A key set may have a weak RSA key, or one of a kind that this version of Deno does not have.
    if (error instanceof Error) return invalid(`its key cannot be used: ${error.message}`);
    throw error;
  }
}

function invalid(reason: string): TokenFault {
  return { fault: "invalid", reason };
}
