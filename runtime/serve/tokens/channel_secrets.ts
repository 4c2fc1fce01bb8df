/**
 * The keys of tokens and of the HTTP API, from where the config says that they are.
 *
 * In: the config section, and what reads files and variables. Out: what verifies tokens, and the key of the API; the error names the
 * place. Called by the main thread before the start, and by each worker.
 */

import { type ChannelsConfig, LEAST_SECRET_BYTES } from "../../config/mod.ts";
import { loadTokenKeys } from "./load_keys.ts";
import { readSecret, type SecretPlaces } from "./read_secret.ts";
import { TokenVerifier } from "./token_verifier.ts";

/** What was loaded. */
export interface ChannelSecrets {
  readonly verifier: TokenVerifier | undefined;
  /** The key of the HTTP API; undefined: there is none. */
  readonly apiKey: Uint8Array | undefined;
  /** The secrets of the apps of the Pusher protocol, in the order of the config. */
  readonly pusher: readonly Uint8Array[];
}

/** Loads the keys that the config names. @throws {Error} */
export async function loadChannelSecrets(
  { token, apiKey: source, pusher: apps = [] }: ChannelsConfig,
  places: SecretPlaces,
): Promise<ChannelSecrets> {
  const { hmacSecrets, publicKeyFiles, jwksEndpoint } = token;
  const hasKeys = hmacSecrets.length > 0 || publicKeyFiles.length > 0 || jwksEndpoint !== undefined;
  const apiKey = source && readSecret(source, places, LEAST_SECRET_BYTES.api);
  const pusher = apps.map(({ secret }) => readSecret(secret, places, LEAST_SECRET_BYTES.pusher));
  if (!hasKeys) return { verifier: undefined, apiKey, pusher };
  const verifier = new TokenVerifier(await loadTokenKeys(token, places), token);
  return { verifier, apiKey, pusher };
}
