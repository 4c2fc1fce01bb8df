/**
 * Makes the driver of the engine that the config names. Loaded only if it names one.
 *
 * In: the section `[channels]`, and what its secrets are. Out: a driver that is not connected.
 */

import type { EngineConfig } from "../config/mod.ts";
import { type EngineDriver, openDriver } from "../serve/engine/mod.ts";
import { readSecret, type SecretPlaces } from "../serve/tokens/mod.ts";

/** Milliseconds until a request of the engine, or an attempt to connect, fails. */
const TIMEOUT = 2_000;

/** The driver. @throws if the password or the file of authorities cannot be read */
export function engineDriver(
  { url, prefix, password, caFile }: EngineConfig,
  places: SecretPlaces,
): Promise<EngineDriver> {
  const secret = password && new TextDecoder().decode(readSecret(password, places, 1));
  return openDriver({
    url,
    prefix,
    timeoutMs: TIMEOUT,
    ...(secret === undefined ? {} : { password: secret }),
    ...(caFile === undefined ? {} : { ca: places.readText(caFile) }),
  });
}
