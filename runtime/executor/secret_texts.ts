/**
 * What is in the files and variables that the section `[channels]` names.
 *
 * In: the section. Out: their texts, which the main thread reads once and hands to every worker, also to one that replaces a dead one
 * much later. So all workers have the same keys, and a file may be gone after the start.
 */

import type { ChannelsConfig } from "../config/mod.ts";
import type { SecretPlaces } from "../serve/tokens/mod.ts";
import type { SecretTexts } from "../thread/mod.ts";

/** Reads them. @throws if a file cannot be read */
export function readSecretTexts(
  { token: { hmacSecrets, publicKeyFiles }, apiKey, engine, pusher = [] }: ChannelsConfig,
  places: SecretPlaces,
): SecretTexts {
  const files = new Map<string, string>();
  const variables = new Map<string, string>();
  for (const path of publicKeyFiles) files.set(path, places.readText(path));
  if (engine?.caFile !== undefined) files.set(engine.caFile, places.readText(engine.caFile));
  const ofApps = pusher.map(({ secret }) => secret);
  for (
    const source of [...hmacSecrets, apiKey, engine?.password, engine?.sentinelPassword, ...ofApps]
  ) {
    if (source === undefined) continue;
    if (source.kind === "file") {
      files.set(source.path, places.readText(source.path));
    } else {
      const text = places.variable(source.name);
      if (text !== undefined) variables.set(source.name, text);
    }
  }
  return { files, variables };
}

/** Reads the texts in place of the files and variables. */
export function placesOf({ files, variables }: SecretTexts): SecretPlaces {
  return {
    readText(path) {
      const text = files.get(path);
      if (text === undefined) throw new Error(`${path} was not read at the start`);
      return text;
    },
    variable: (name) => variables.get(name),
  };
}

/** The files that have another text now. A file may be there for the start only. */
export function changedSecretFiles(
  { files }: SecretTexts,
  readText: SecretPlaces["readText"],
): string[] {
  const isChanged = ([path, text]: [string, string]) => {
    try {
      return readText(path) !== text;
    } catch {
      return false;
    }
  };
  return [...files].filter(isChanged).map(([path]) => path);
}
