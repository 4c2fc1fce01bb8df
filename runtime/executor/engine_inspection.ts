/**
 * What --check says about the engine of the channels.
 *
 * In: the config of the engine, and where its secrets are. Out: what was found. Loads the client of the engine only when it is called.
 */

import type { EngineConfig } from "../config/mod.ts";
import type { EngineInspection } from "../serve/engine/mod.ts";
import type { SecretPlaces } from "../serve/tokens/mod.ts";

/** Connects once. @throws if the password or the file of authorities cannot be read */
export async function inspectEngineOf(
  engine: EngineConfig,
  places: SecretPlaces,
): Promise<EngineInspection> {
  const { engineInspection } = await import("./channel_engine.ts");
  return await engineInspection(engine, places);
}
