/**
 * The config of the engine that several servers share, so that they are one server to their clients.
 *
 * In: the keys `engine` and `engine_…` of the section `[channels]`, checked in runtime/cli/channels/. Out: plain data. It names where the
 * password is and does not have it.
 */

import type { SecretSource } from "./channels.ts";

/** Where the engine is. */
export interface EngineConfig {
  /** `redis://` or `rediss://` (TLS), perhaps with a user and the number of a database, or `nats://`, `tls://`; with `redis+sentinel://` those who know it, with `redis+cluster://` nodes of a cluster; without a password. Several of Redis, between commas, have a part of the channels each. */
  readonly url: string;
  /** What all names of the server in the engine begin with: servers with the same one belong together. */
  readonly prefix: string;
  /** Undefined: the engine asks for none. */
  readonly password: SecretSource | undefined;
  /** A PEM file with the authorities that may have signed the engine's certificate; undefined: those of the system. */
  readonly caFile: string | undefined;
  /** Default: the default user of the sentinels. */
  readonly sentinelUser?: string;
  /** Default: the sentinels ask for none. */
  readonly sentinelPassword?: SecretSource;
  /** Whether publications reach the subscribers of the server that has refused them, while the engine is away. Default: no. */
  readonly offlineDelivery?: boolean;
}
