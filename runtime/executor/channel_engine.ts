/**
 * Makes the driver of the engine that the config names, or looks at that engine. Loaded only if it names one.
 *
 * In: the section `[channels]`, and what its secrets are. Out: a driver that is not connected, or what was found.
 */

import type { EngineConfig, SecretSource } from "../config/mod.ts";
import {
  type EngineDriver,
  type EngineDriverOptions,
  type EngineInspection,
  inspectEngine,
  openDriver,
} from "../serve/engine/mod.ts";
import { readSecret, type SecretPlaces } from "../serve/tokens/mod.ts";

/** Milliseconds until a request of the engine, or an attempt to connect, fails. */
const TIMEOUT = 2_000;

/** The driver. @throws if the password or the file of authorities cannot be read */
export async function engineDriver(
  engine: EngineConfig,
  places: SecretPlaces,
): Promise<EngineDriver> {
  return await openDriver(driverOptions(engine, places));
}

/** Connects once, for --check. @throws as {@link engineDriver} */
export async function engineInspection(
  engine: EngineConfig,
  places: SecretPlaces,
): Promise<EngineInspection> {
  return await inspectEngine(driverOptions(engine, places));
}

function driverOptions(
  { url, prefix, password, caFile, sentinelUser, sentinelPassword }: EngineConfig,
  places: SecretPlaces,
): EngineDriverOptions {
  const secretOf = (source: SecretSource) =>
    new TextDecoder().decode(readSecret(source, places, 1));
  return {
    url,
    prefix,
    timeoutMs: TIMEOUT,
    ...(password === undefined ? {} : { password: secretOf(password) }),
    ...(caFile === undefined ? {} : { ca: places.readText(caFile) }),
    ...(sentinelUser === undefined ? {} : { sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword: secretOf(sentinelPassword) }),
  };
}
