/**
 * Reads the file of `--config`, or of its variable.
 *
 * In: the flag's value, the environment, and what reads files. Out: its options; undefined: no file is named. Throws UsageError, one
 * line with the file's name.
 */

import { errorMessage } from "../error_message.ts";
import { type FileOptions, parseConfigFile } from "./config_file.ts";
import { variableOf } from "./options/mod.ts";
import { UsageError } from "./usage_error.ts";

/** What is read from. */
export interface ConfigPlaces {
  /** The value of an environment variable. */
  variable(name: string): string | undefined;
  /** The text of a file. @throws what Deno throws */
  readText(path: string): string;
}

/** Reads it. @param given the value of `--config` @param engineUrl that of `--engine` or its variable @throws {UsageError} */
export function readConfigFile(
  given: string | undefined,
  places: ConfigPlaces,
  engineUrl?: string,
): FileOptions | undefined {
  const path = given ?? places.variable(variableOf("config"));
  if (path === undefined || path === "") return undefined;
  const text = readTextFile("the configuration file", path, places.readText);
  return parseConfigFile(path, text, engineUrl);
}

/** The text of a file. @throws {UsageError} that says which file it is and why it cannot be read */
export function readTextFile(
  what: string,
  path: string,
  readText: ConfigPlaces["readText"],
): string {
  try {
    return readText(path);
  } catch (error) {
    throw new UsageError(`cannot read ${what} ${path}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "the file does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder, not a file";
  return errorMessage(error);
}
