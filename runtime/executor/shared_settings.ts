/**
 * What all servers of an engine must have the same, so that each can find out whether another one has something else.
 *
 * In: the config of channels, and its secrets. Out: a digest for each section. A digest goes to the engine, so it is short: too many secrets
 * have the same one for it to help in guessing. Loaded only if there is an engine.
 */

import { createHash } from "node:crypto";
import type { ChannelsConfig, SecretSource } from "../config/mod.ts";
import type { SharedSettings } from "../serve/engine/mod.ts";
import { readSecret, type SecretPlaces } from "../serve/tokens/mod.ts";

/** Hexadecimal digits of a digest. */
const DIGITS = 8;

/** The digests. @throws if a secret cannot be read */
export function sharedSettings(channels: ChannelsConfig, places: SecretPlaces): SharedSettings {
  const { options, namespaces, otherNamespaces, allowAnonymousConnect, token } = channels;
  const { hmacSecrets, publicKeyFiles, jwksEndpoint, audience, issuer } = token;
  const secretOf = (source: SecretSource) => Array.from(readSecret(source, places, 1));
  const byName = Object.entries(namespaces).sort(([a], [b]) => a < b ? -1 : 1);
  const keys = publicKeyFiles.map((path) => places.readText(path));
  const apps = (channels.pusher ?? []).map(({ webhooks: _, secret, ...app }) => {
    return [app, secretOf(secret)];
  });
  return {
    "the namespaces and options of [channels]": digestOf([
      options,
      byName,
      otherNamespaces,
      allowAnonymousConnect,
    ]),
    "the keys of [channels.token]": digestOf([
      hmacSecrets.map(secretOf),
      keys,
      jwksEndpoint,
      audience,
      issuer,
    ]),
    "the key of [channels.api]": digestOf(channels.apiKey && secretOf(channels.apiKey)),
    "the apps of [pusher]": digestOf(apps),
  };
}

function digestOf(value: unknown): string {
  const text = JSON.stringify([value]);
  return createHash("sha256").update(text).digest("hex").slice(0, DIGITS);
}
