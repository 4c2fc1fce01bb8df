/**
 * Loads everything that tokens are verified with, from where the config says that it is.
 *
 * In: the config section, and what reads files and variables. Out: the keys; the error names the option and the place. Called
 * by the main thread before the start, so that the operator sees one line for a mistake, and by each worker.
 */

import { LEAST_SECRET_BYTES, type TokenConfig } from "../../config/mod.ts";
import { importPublicKeys } from "./public_keys.ts";
import { readSecret, type SecretPlaces } from "./read_secret.ts";
import type { TokenKeys } from "./token_verifier.ts";

/** Loads the keys. @throws {Error} */
export async function loadTokenKeys(
  { hmacSecrets, publicKeyFiles, jwksEndpoint }: TokenConfig,
  places: SecretPlaces,
): Promise<TokenKeys> {
  const publicKeys = new Map<string, readonly CryptoKey[]>();
  for (const path of publicKeyFiles) {
    const found = await importPublicKeys(`public_key_files: ${path}`, places.readText(path));
    for (const [algorithm, keys] of found) {
      publicKeys.set(algorithm, [...publicKeys.get(algorithm) ?? [], ...keys]);
    }
  }
  const secrets = hmacSecrets.map((source) => readSecret(source, places, LEAST_SECRET_BYTES.token));
  const { fetchKeySet } = places;
  const keys = { hmacSecrets: secrets, publicKeys, jwksEndpoint };
  return fetchKeySet === undefined ? keys : { ...keys, fetchKeySet };
}
