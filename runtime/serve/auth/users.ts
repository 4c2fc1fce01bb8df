/**
 * Reads the users' password hashes from the files that `--basic-auth` names.
 *
 * In: users and files, and a function that reads a file. Out: a hash for each user; an error quotes the
 * option. Called by the main thread before the start, so that the operator sees one line for a mistake,
 * and by each worker.
 */

import type { UserSource } from "../../config/mod.ts";
import { parsePasswordFile } from "./password_file.ts";

/** Hashes by user. @throws {Error} if a file cannot be read or has no usable hash of its user */
export function readUsers(
  sources: readonly UserSource[],
  readText: (path: string) => string,
): ReadonlyMap<string, string> {
  return new Map(sources.map(({ user, file }) => {
    const found = parsePasswordFile(readText(file), user);
    if ("hash" in found) return [user, found.hash];
    throw new Error(`--basic-auth ${user}:${file}: the file ${found.fault}`);
  }));
}
