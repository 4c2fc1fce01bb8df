/**
 * The sections `channels.token` and `channels.api` of the configuration file: what makes a token valid, and the
 * key of the HTTP API.
 *
 * In: the tables' readers. Out: where secrets and keys are; a fault for each wrong value, and for a secret that is
 * written into the file itself. Opens no file and reads no variable.
 */

import type { SecretSource, TokenConfig } from "../../config/mod.ts";
import type { TableReader } from "./table_reader.ts";

const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Reads the section about tokens. */
export function readTokenSection(reader: TableReader): TokenConfig {
  const hmacSecrets = ["hmac_secret_key", "hmac_previous_secret_key"]
    .map((key) => readSecret(reader, key)).filter((source) => source !== undefined);
  if (hmacSecrets.length === 1 && hasSecret(reader, "hmac_previous_secret_key")) {
    reader.fault("hmac_previous_secret_key has no effect without hmac_secret_key");
  }
  const publicKeyFiles = reader.texts("public_key_files");
  const jwksEndpoint = readEndpoint(reader);
  if (jwksEndpoint !== undefined && publicKeyFiles.length > 0) {
    reader.fault("jwks_public_endpoint excludes public_key_files: keys come from one place");
  }
  const [audience, issuer] = [reader.text("audience"), reader.text("issuer")];
  const hasKeys = hmacSecrets.length > 0 || publicKeyFiles.length > 0 || jwksEndpoint !== undefined;
  if (!hasKeys && (audience !== undefined || issuer !== undefined)) {
    reader.fault("audience and issuer have no effect without a key");
  }
  return { hmacSecrets, publicKeyFiles, jwksEndpoint, audience, issuer };
}

/** Reads the place of one secret: `KEY_file` or `KEY_variable`. */
export function readSecret(reader: TableReader, key: string): SecretSource | undefined {
  const [path, name] = [reader.text(`${key}_file`), reader.text(`${key}_variable`)];
  if (reader.has(key)) {
    reader.text(key);
    reader.fault(
      `${key} must not be written into the configuration, which others may read: ` +
        `name a file with ${key}_file, or a variable of the environment with ${key}_variable`,
    );
  }
  if (path !== undefined && name !== undefined) {
    reader.fault(`${key}_file excludes ${key}_variable`);
  }
  if (path !== undefined) return { kind: "file", path };
  return name === undefined ? undefined : { kind: "variable", name };
}

function hasSecret(reader: TableReader, key: string): boolean {
  return reader.has(`${key}_file`) || reader.has(`${key}_variable`);
}

function readEndpoint(reader: TableReader): string | undefined {
  const text = reader.text("jwks_public_endpoint");
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    reader.fault("jwks_public_endpoint must be an address that begins with https://");
    return undefined;
  }
  if (url.protocol === "http:" && !LOOPBACK.includes(url.hostname)) {
    reader.fault(
      "jwks_public_endpoint must begin with https://, except on this machine: " +
        "who is in between could replace the keys, and then make every token",
    );
    return undefined;
  }
  return text;
}
