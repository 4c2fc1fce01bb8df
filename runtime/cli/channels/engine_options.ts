/**
 * The keys `engine` and `engine_…` of the section `channels`: the engine that several servers share.
 *
 * In: the section's reader. Out: where the engine is; a fault for each wrong value, for a password that is written into the file itself, and
 * for a key that would do nothing. Connects to nothing.
 */

import type { EngineConfig } from "../../config/mod.ts";
import type { TableReader } from "./table_reader.ts";
import { readSecret } from "./token_section.ts";

const SCHEMES: readonly string[] = ["redis:", "rediss:", "unix:", "redis+unix:"];
/** What may stand behind the path of a Unix socket. */
const SOCKET_PARAMETERS: readonly string[] = ["db", "user"];
const PASSWORD_FAULT = "engine must not have a password, as others may read the configuration: " +
  "name a file with engine_password_file, or a variable of the environment with engine_password_variable";
const DEFAULT_PREFIX = "async-deno:";
/** Braces would choose another slot of a cluster. */
const PREFIX = /^[\x21-\x7a|~]{1,64}$/;
const DATABASE = /^\d{0,5}$/;

/** Reads the keys; undefined: this server keeps the channels itself. */
export function readEngineOptions(reader: TableReader): EngineConfig | undefined {
  const text = reader.text("engine");
  const prefix = reader.text("engine_prefix") ?? DEFAULT_PREFIX;
  const password = readSecret(reader, "engine_password");
  const caFile = reader.text("engine_ca_file");
  if (!reader.has("engine")) {
    refuseIdle(reader);
    return undefined;
  }
  if (!PREFIX.test(prefix)) {
    reader.fault("engine_prefix must be 1 to 64 characters of ASCII without spaces, { and }");
  }
  const url = text === undefined ? undefined : addressOf(reader, text);
  if (url === undefined) return undefined;
  if (caFile !== undefined && url.protocol !== "rediss:") {
    reader.fault("engine_ca_file has no effect without TLS: engine must begin with rediss://");
  }
  return { url: url.href, prefix, password, caFile };
}

function refuseIdle(reader: TableReader): void {
  const keys = [
    "engine_prefix",
    "engine_password_file",
    "engine_password_variable",
    "engine_ca_file",
  ];
  for (const key of keys) {
    if (reader.has(key)) reader.fault(`${key} has no effect without engine`);
  }
}

function addressOf(reader: TableReader, text: string): URL | undefined {
  const url = URL.parse(text);
  const fault = url === null || !SCHEMES.includes(url.protocol)
    ? 'engine must be the address of a Redis or Valkey server, as "redis://127.0.0.1:6379", ' +
      "with TLS rediss://, or a Unix socket, as unix:///run/redis.sock; " +
      "without it this server keeps the channels itself"
    : url.protocol.endsWith("unix:")
    ? socketFault(url)
    : hostFault(url);
  if (fault === undefined) return url!;
  reader.fault(fault);
  return undefined;
}

function hostFault(url: URL): string | undefined {
  if (url.hostname === "") return "engine must have a host, as in redis://127.0.0.1:6379";
  if (url.password !== "") return PASSWORD_FAULT;
  if (!isEncoded(url.username)) return "the user of engine has a % without two hexadecimal digits";
  if (!DATABASE.test(url.pathname.slice(1))) {
    return "the path of engine is the number of a database, as in redis://127.0.0.1:6379/2";
  }
  return url.search === "" && url.hash === ""
    ? undefined
    : "engine has no parameters behind its address: remove what begins with ? or #";
}

function socketFault({ href, host, pathname, searchParams, hash }: URL): string | undefined {
  if (host !== "" || !href.includes(":///") || pathname === "/" || !isEncoded(pathname)) {
    return "the path of a Unix socket in engine has three slashes, as in unix:///run/redis.sock";
  }
  if (searchParams.has("password") || searchParams.has("pass")) return PASSWORD_FAULT;
  const others = [...searchParams.keys()].filter((key) => !SOCKET_PARAMETERS.includes(key));
  if (others.length > 0 || hash !== "") {
    return "engine with a Unix socket may have the parameters db and user, as in unix:///run/redis.sock?db=2";
  }
  return DATABASE.test(searchParams.get("db") ?? "")
    ? undefined
    : "db in engine is the number of a database, as in unix:///run/redis.sock?db=2";
}

function isEncoded(text: string): boolean {
  return !/%(?![\da-f]{2})/i.test(text);
}
