/**
 * The keys `engine` and `engine_…` of the section `channels`: the engine that several servers share.
 *
 * In: the section's reader, and the address of `--engine`. Out: where the engine is; a fault for each wrong value, for a password that
 * is written into the file itself, and for a key that would do nothing. Connects to nothing.
 */

import type { EngineConfig } from "../../config/mod.ts";
import { readEngineUrl } from "../engine_url.ts";
import type { TableReader } from "./table_reader.ts";
import { readSecret } from "./token_section.ts";

const DEFAULT_PREFIX = "async-deno:";
/** Braces would choose another slot of a cluster. */
const PREFIX = /^[\x21-\x7a|~]{1,64}$/;

/** The engine at an address that is valid, for a server without a section. */
export function engineAt(url: string): EngineConfig {
  return {
    url,
    prefix: DEFAULT_PREFIX,
    password: undefined,
    caFile: undefined,
  };
}

/**
 * Reads the keys; undefined: this server keeps the channels itself.
 *
 * @param given the address of `--engine`, in place of the section's; whether it is valid is checked elsewhere
 */
export function readEngineOptions(reader: TableReader, given?: string): EngineConfig | undefined {
  const written = reader.text("engine");
  const prefix = reader.text("engine_prefix") ?? DEFAULT_PREFIX;
  const password = readSecret(reader, "engine_password");
  const caFile = reader.text("engine_ca_file");
  const sentinelUser = reader.text("engine_sentinel_user");
  const sentinelPassword = readSecret(reader, "engine_sentinel_password");
  const offlineDelivery = reader.flag("engine_offline_delivery");
  if (!reader.has("engine") && given === undefined) {
    refuseIdle(reader);
    return undefined;
  }
  if (!PREFIX.test(prefix)) {
    reader.fault("engine_prefix must be 1 to 64 characters of ASCII without spaces, { and }");
  }
  const text = given ?? written;
  if (text === undefined) return undefined;
  const read = readEngineUrl(text, "engine");
  if (read.fault !== undefined) {
    if (given === undefined) reader.fault(read.fault);
    return undefined;
  }
  if (caFile !== undefined && !read.isTls) {
    reader.fault(
      "engine_ca_file has no effect without TLS: engine must begin with rediss or tls://",
    );
  }
  const isForSentinels = sentinelUser !== undefined || sentinelPassword !== undefined;
  if (isForSentinels && !read.isSentinel) {
    reader.fault(
      "engine_sentinel_… has no effect without sentinels: engine must begin with redis+sentinel://",
    );
  }
  if (sentinelUser !== undefined && sentinelPassword === undefined) {
    reader.fault(
      "engine_sentinel_user needs engine_sentinel_password_file or engine_sentinel_password_variable",
    );
  }
  return {
    url: read.url,
    prefix,
    password,
    caFile,
    ...(sentinelUser === undefined ? {} : { sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(offlineDelivery ? { offlineDelivery } : {}),
  };
}

function refuseIdle(reader: TableReader): void {
  const keys = [
    "engine_prefix",
    "engine_password_file",
    "engine_password_variable",
    "engine_ca_file",
    "engine_sentinel_user",
    "engine_sentinel_password_file",
    "engine_sentinel_password_variable",
    "engine_offline_delivery",
  ];
  for (const key of keys) {
    if (reader.has(key)) reader.fault(`${key} has no effect without engine`);
  }
}
