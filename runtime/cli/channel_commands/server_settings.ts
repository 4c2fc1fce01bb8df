/**
 * What a command takes from the server's own configuration: its address, its keys and secrets.
 *
 * In: the flags that the commands share, the file of `--config`, and the server's variables. Out: address, certificates, the key of
 * the HTTP API and the secret of tokens, each read when it is asked for. Throws UsageError that says what to give.
 */

import type { Config, SecretSource } from "../../config/mod.ts";
import { readConfigFile, readTextFile } from "../read_config_file.ts";
import { readSettings } from "../settings.ts";
import { UsageError } from "../usage_error.ts";
import type { CommandArguments } from "./command_arguments.ts";
import type { CommandIo } from "./command_io.ts";
import { parseServerUrl, urlOfConfig } from "./server_address.ts";

/** What a token is made and checked with. */
export interface TokenSigning {
  /** The current secret. */
  readonly secret: Uint8Array;
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
}

/** The settings of one command. */
export class ServerSettings {
  /** The file of `--config`; undefined: none is named. */
  readonly file: string | undefined;
  readonly #args: CommandArguments;
  readonly #io: CommandIo;
  readonly #config: Config;

  /** Reads the file. @throws {UsageError} */
  constructor(args: CommandArguments, io: CommandIo) {
    this.#args = args;
    this.#io = io;
    const file = readConfigFile(args.text("config"), io);
    this.file = file?.path;
    const { config, faults: [fault] } = readSettings({
      flags: { positional: [], faults: [], valuesOf: () => [] },
      positional: [],
      variable: io.variable,
      // Unknown ones are the server's concern.
      variables: [],
      cores: { count: 1 },
      file,
    });
    if (fault !== undefined) throw new UsageError(fault);
    this.#config = config;
  }

  /** The server's address. @throws {UsageError} */
  url(): URL {
    const given = this.#args.text("url");
    return given === undefined ? urlOfConfig(this.#config) : parseServerUrl(given);
  }

  /** The certificates of `--ca`. @throws {UsageError} */
  ca(): string | undefined {
    const path = this.#args.text("ca");
    if (path === undefined) return undefined;
    const text = readTextFile("the certificates of --ca", path, this.#io.readText);
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
    throw new UsageError(`--ca ${path} has no certificate in PEM`);
  }

  /** The key of the HTTP API. @throws {UsageError} */
  async apiKey(): Promise<string> {
    const source = this.#apiKeySource();
    const { readSecret } = await import("../../serve/tokens/mod.ts");
    const bytes = await this.#secret(
      "the key of the HTTP API",
      () => readSecret(source, this.#places, 1),
    );
    const key = new TextDecoder().decode(bytes);
    if (/^[!-~](?:[ -~]*[!-~])?$/.test(key)) return key;
    throw new UsageError(
      "the key of the HTTP API has characters that a header field cannot have, or blanks around it: " +
        "use letters and digits",
    );
  }

  /** The secret of the server's tokens; undefined: the file has no secret, and `fault` is why. @throws {UsageError} */
  async signing(): Promise<TokenSigning | { readonly fault: string }> {
    const token = this.#config.channels?.token;
    if (token === undefined || token.hmacSecrets.length === 0) {
      return { fault: this.#noSecret() };
    }
    const { loadTokenKeys } = await import("../../serve/tokens/mod.ts");
    // The public keys may not be on this machine.
    const hmacOnly = { ...token, publicKeyFiles: [], jwksEndpoint: undefined };
    const [secret] = await this.#secret(
      "the secret of tokens",
      async () => (await loadTokenKeys(hmacOnly, this.#places)).hmacSecrets,
    );
    return { secret: secret!, audience: token.audience, issuer: token.issuer };
  }

  #apiKeySource(): SecretSource {
    this.#args.exclude("api-key-file", "api-key-variable");
    const [path, name] = [this.#args.text("api-key-file"), this.#args.text("api-key-variable")];
    const source: SecretSource | undefined = path !== undefined
      ? { kind: "file", path }
      : name !== undefined
      ? { kind: "variable", name }
      : this.#config.channels?.apiKey;
    if (source !== undefined) return source;
    const why = this.file === undefined ? "" : `${this.file} has no key in [channels.api], and `;
    throw new UsageError(
      `${why}channels ${this.#args.command.word} needs the key of the HTTP API: ` +
        "--api-key-file FILE, --api-key-variable NAME, or --config FILE with the section [channels.api]",
    );
  }

  #noSecret(): string {
    const { file } = this;
    if (file === undefined) {
      return "a token is signed with the server's secret: name its configuration file with --config";
    }
    const token = this.#config.channels?.token;
    const hasPublicKeys = (token?.publicKeyFiles.length ?? 0) > 0 ||
      token?.jwksEndpoint !== undefined;
    return hasPublicKeys
      ? `${file} has only public keys, which can check tokens and make none: ` +
        "sign it where the private key is"
      : `${file} has no secret for tokens: hmac_secret_key_file in the section [channels.token]`;
  }

  get #places() {
    const { readText, variable } = this.#io;
    return {
      readText: (path: string) => readTextFile("the secret", path, readText),
      variable,
    };
  }

  /** Errors of secrets name the place, and never what is there. */
  async #secret<T>(what: string, read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof UsageError || !(error instanceof Error)) throw error;
      throw new UsageError(`${what}: ${error.message}`);
    }
  }
}
