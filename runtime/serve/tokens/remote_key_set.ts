/**
 * A JSON Web Key Set at an address, also while the address does not answer.
 *
 * In: an address; then the headers of tokens. Out: the keys that a token may mean. jose fetches the set when a token needs it:
 * after ten minutes, and for an unknown `kid` after half a minute. If that fails, jose alone would verify nothing, and
 * try again for each token. Here the keys that were read last go on for a day, and the address is asked again after a
 * pause.
 */

import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type decodeProtectedHeader,
  errors,
} from "jose";
import type { TokenFault } from "./claims.ts";
import { fetchBounded, type KeySetFetch } from "./fetch_bounded.ts";

/** Milliseconds. */
export interface KeySetTimes {
  /** A set is fetched again after this. */
  readonly fresh: number;
  /** If it cannot be fetched, the last one is used for this long. */
  readonly kept: number;
  /** The pause after a fetch that failed, twice as long after each further one, up to the longest. */
  readonly pause: number;
  readonly longestPause: number;
  /** An answer must be there after this: clients give up after five seconds. */
  readonly fetch: number;
}

/** The default times. */
export const KEY_SET_TIMES: KeySetTimes = {
  fresh: 600_000,
  kept: 86_400_000,
  pause: 5_000,
  longestPause: 60_000,
  fetch: 3_000,
};

type Header = ReturnType<typeof decodeProtectedHeader>;
type KeySet = ReturnType<typeof createLocalJWKSet | typeof createRemoteJWKSet>;

/** The keys at an address. */
export class RemoteKeySet {
  readonly #times: KeySetTimes;
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  /** When the keys were last known to be fresh; the clock is performance.now(). */
  #freshAt = -Infinity;
  #pause = 0;
  #pausedUntil = -Infinity;
  #reason = "";
  /** The keys that were read last, while the address fails. */
  #kept: KeySet | undefined = undefined;

  /** @param fetch what fetches the set, with the answer's whole body */
  constructor(
    endpoint: string,
    times: Partial<KeySetTimes> = {},
    fetch: KeySetFetch = fetchBounded,
  ) {
    this.#times = { ...KEY_SET_TIMES, ...times };
    this.#remote = createRemoteJWKSet(new URL(endpoint), {
      timeoutDuration: this.#times.fetch,
      cacheMaxAge: this.#times.fresh,
      [customFetch]: fetch,
    });
  }

  /** The keys that the token may mean; none, if the set has none; a fault, if that is not known. */
  async keysFor(token: string, header: Header): Promise<readonly CryptoKey[] | TokenFault> {
    if (performance.now() >= this.#pausedUntil) {
      try {
        const keys = await keysIn(this.#remote, token, header);
        this.#noteSuccess();
        return keys;
      } catch (error) {
        // No answer, no key set, a network that failed: not the token's fault.
        if (!(error instanceof Error)) throw error;
        this.#noteFailure(error);
      }
    }
    return await this.#keptKeys(token, header);
  }

  #noteSuccess(): void {
    this.#freshAt = performance.now();
    this.#kept = undefined;
    // It was fetched just now.
    if (this.#remote.coolingDown) this.#pause = 0;
  }

  #noteFailure(error: Error): void {
    const now = performance.now();
    // Tokens that came at the same time share one fetch.
    if (now < this.#pausedUntil) return;
    const { longestPause, pause } = this.#times;
    this.#pause = Math.min(longestPause, Math.max(pause, 2 * this.#pause));
    this.#pausedUntil = now + this.#pause;
    this.#reason = error.message;
  }

  /** A key that the kept set does not have may be in the newer one. */
  async #keptKeys(token: string, header: Header): Promise<readonly CryptoKey[] | TokenFault> {
    const set = this.#remote.jwks();
    if (set !== undefined && performance.now() < this.#freshAt + this.#times.kept) {
      this.#kept ??= createLocalJWKSet(set);
      const keys = await keysIn(this.#kept, token, header);
      if (keys.length > 0) return keys;
    }
    return { fault: "unavailable", reason: `the key set could not be read: ${this.#reason}` };
  }
}

async function keysIn(set: KeySet, token: string, header: Header): Promise<readonly CryptoKey[]> {
  const [, payload = "", signature = ""] = token.split(".");
  try {
    return [await set(header as { alg: string }, { payload, signature }) as CryptoKey];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return [];
    if (error instanceof errors.JWKSMultipleMatchingKeys) return await Array.fromAsync(error);
    throw error;
  }
}
