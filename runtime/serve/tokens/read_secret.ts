/**
 * Reads one secret from where the config says that it is.
 *
 * In: the place, what reads files and variables, and how long it must be at least. Out: its bytes; the error says which place
 * has what fault, and never what is there. One line end at the end of a file is not part of the secret.
 */

import type { SecretSource } from "../../config/mod.ts";
import type { KeySetFetch } from "./fetch_bounded.ts";

/** What is read from. */
export interface SecretPlaces {
  /** The text of a file. @throws if it cannot be read */
  readText(path: string): string;
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** Fetches the key set at an address; absent: this thread may connect there. */
  readonly fetchKeySet?: KeySetFetch | undefined;
}

/** The secret. @throws {Error} if there is none, or it is too short */
export function readSecret(
  source: SecretSource,
  places: SecretPlaces,
  leastBytes: number,
): Uint8Array {
  const isFile = source.kind === "file";
  const where = isFile ? `the file ${source.path}` : `the variable ${source.name}`;
  const text = isFile ? places.readText(source.path) : places.variable(source.name);
  if (text === undefined || text === "") {
    throw new Error(`${where} is empty, and must have a secret`);
  }
  const secret = new TextEncoder().encode(isFile ? text.replace(/\r?\n$/, "") : text);
  if (secret.length >= leastBytes) return secret;
  const found = `${secret.length} ${secret.length === 1 ? "byte" : "bytes"}`;
  throw new Error(`${where} has a secret of ${found}, and it must have at least ${leastBytes}`);
}
