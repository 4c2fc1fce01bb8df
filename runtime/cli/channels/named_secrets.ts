/**
 * Where the keys and secrets of channels are, by the names of their keys in the configuration file.
 *
 * In: the config of channels. Out: the files and the variables of the environment that a server with it reads, how long what they have must
 * be, and what makes one that is missing. Opens no file.
 */

import { type ChannelsConfig, LEAST_SECRET_BYTES, type SecretSource } from "../../config/mod.ts";

/** One of them. */
export interface NamedSecret {
  /** As `key_file of [channels.api]`. */
  readonly name: string;
  readonly source: SecretSource;
  readonly leastBytes: number;
  /** Bytes of a new one that this machine can make; 0: it comes from elsewhere. */
  readonly newBytes: number;
}

interface Row {
  readonly section: string;
  readonly key: string;
  readonly source: SecretSource | undefined;
  readonly leastBytes?: number;
  readonly newBytes?: number;
}

/** All of them; without a section there are none. */
export function namedSecrets(channels: ChannelsConfig | undefined): NamedSecret[] {
  if (channels === undefined) return [];
  const { engine, token, apiKey, pusher = [] } = channels;
  const [hmac, previous] = token.hmacSecrets;
  const ofToken = { section: "channels.token", leastBytes: LEAST_SECRET_BYTES.token };
  const ofEngine = { section: "channels" };
  const api = { section: "channels.api", leastBytes: LEAST_SECRET_BYTES.api, newBytes: 24 };
  const rows: readonly Row[] = [
    { ...ofEngine, key: "engine_password", source: engine?.password },
    { ...ofEngine, key: "engine_ca", source: fileOf(engine?.caFile) },
    { ...ofEngine, key: "engine_sentinel_password", source: engine?.sentinelPassword },
    { ...ofToken, key: "hmac_secret_key", source: hmac, newBytes: 48 },
    { ...ofToken, key: "hmac_previous_secret_key", source: previous },
    { ...api, key: "key", source: apiKey },
    ...pusher.map(({ name, secret }): Row => {
      return {
        section: `pusher.apps.${name}`,
        key: "secret",
        source: secret,
        leastBytes: LEAST_SECRET_BYTES.pusher,
        newBytes: 24,
      };
    }),
  ];
  const secrets = rows.flatMap(({ section, key, source, leastBytes = 1, newBytes = 0 }) => {
    if (source === undefined) return [];
    return [{ name: `${key}_${source.kind} of [${section}]`, source, leastBytes, newBytes }];
  });
  const publicKeys = token.publicKeyFiles.map((path): NamedSecret => {
    const name = "public_key_files of [channels.token]";
    return { name, source: { kind: "file", path }, leastBytes: 1, newBytes: 0 };
  });
  return [...secrets, ...publicKeys];
}

function fileOf(path: string | undefined): SecretSource | undefined {
  return path === undefined ? undefined : { kind: "file", path };
}
