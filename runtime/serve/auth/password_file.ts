/**
 * The file that `--basic-auth USER:HASH-FILE` names.
 *
 * In: its text. Out: the user's hash, or what is wrong with the file. It has one hash, or lines
 * `USER:HASH`, of which the user's is taken; empty lines and those that begin with `#` are passed over.
 */

import { isPasswordHash } from "./password_hash.ts";

/** The hash of `user`, or why there is none: a sentence's end. */
export function parsePasswordFile(
  text: string,
  user: string,
): { readonly hash: string } | { readonly fault: string } {
  const lines = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const own = lines.find((line) => line.startsWith(`${user}:`))?.slice(user.length + 1);
  const hash = own ?? (lines.length === 1 ? lines[0] : undefined);
  if (hash === undefined) return { fault: `has no line for ${user}` };
  if (isPasswordHash(hash)) return { hash };
  return { fault: `has no hash for ${user} that \`async-deno hash-password\` made` };
}
