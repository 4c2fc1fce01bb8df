/**
 * Makes the drivers of the engine that the config names, or looks at that engine. Loaded only if it names one.
 *
 * In: the section `[channels]`, and what its secrets are. Out: for each server of the engine a driver that is not connected, or what was found.
 */

import { urlList } from "../../protocol/basics.ts";
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

/** The drivers, in the order of the servers. @throws if the password or the file of authorities cannot be read */
export async function engineDrivers(
  engine: EngineConfig,
  places: SecretPlaces,
): Promise<EngineDriver[]> {
  return await Promise.all(driverOptions(engine, places).map(openDriver));
}

/** Connects once to each server, for --check. @throws as {@link engineDrivers} */
export async function engineInspection(
  engine: EngineConfig,
  places: SecretPlaces,
): Promise<EngineInspection> {
  const servers = driverOptions(engine, places);
  const found = await Promise.all(servers.map(inspectEngine));
  if (found.length === 1) return found[0]!;
  const joined = (part: "fault" | "warning") => {
    const texts = found.map((each, i) => each[part] && `${servers[i]!.url}: ${each[part]}`);
    return texts.filter(Boolean).join("; ") || undefined;
  };
  const fault = joined("fault");
  return {
    text: [...new Set(found.map(({ text }) => text))].join("; "),
    warning: joined("warning"),
    ...(fault === undefined ? {} : { fault }),
  };
}

function driverOptions(
  { url, prefix, password, caFile, sentinelUser, sentinelPassword }: EngineConfig,
  places: SecretPlaces,
): EngineDriverOptions[] {
  const secretOf = (source: SecretSource) =>
    new TextDecoder().decode(readSecret(source, places, 1));
  const options = {
    prefix,
    timeoutMs: TIMEOUT,
    ...(password === undefined ? {} : { password: secretOf(password) }),
    ...(caFile === undefined ? {} : { ca: places.readText(caFile) }),
    ...(sentinelUser === undefined ? {} : { sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword: secretOf(sentinelPassword) }),
  };
  return urlList(url).map((each) => ({ url: each, ...options }));
}
