/**
 * The package that a file belongs to, by the nearest package.json.
 *
 * In: a path. Out: the folder and what its package.json has.
 */

import { dirname } from "@std/path/posix/dirname";
import { errorMessage } from "../../error_message.ts";
import { isFile, readText } from "./file_system.ts";

/** A package. */
export interface Package {
  readonly folder: string;
  /** The object of package.json. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The package in a folder; undefined: it has no package.json. @throws {Error} if that is no JSON */
export function packageAt(folder: string): Package | undefined {
  const path = `${folder}/package.json`;
  if (!isFile(path)) return undefined;
  try {
    const json = JSON.parse(readText(path));
    return { folder, json: typeof json === "object" && json !== null ? json : {} };
  } catch (error) {
    throw new Error(`${path} cannot be read: ${errorMessage(error)}`);
  }
}

/** The package that a file is in; undefined: none. */
export function packageOf(path: string): Package | undefined {
  for (let folder = dirname(path);; folder = dirname(folder)) {
    const found = packageAt(folder);
    if (found !== undefined || folder === "/") return found;
  }
}
