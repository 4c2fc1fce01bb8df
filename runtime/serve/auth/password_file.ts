/**
 * Parses the file that `--basic-auth USER:FILE` names.
 *
 * In: its text. Out: the user's hash, or the exact fault of the file: a hash of another scheme, an empty
 * password, a password that is not hashed. The file contains one hash, or lines `USER:HASH`; empty lines
 * and lines that begin with `#` are ignored.
 */

import { isPasswordHash } from "./password_hash.ts";

/** Schemes of htpasswd, crypt(5) and others, recognized by the start of the hash. */
const FOREIGN_HASHES: readonly (readonly [start: RegExp, name: string])[] = [
  [/^\$2[abxy]?\$/, "a bcrypt hash"],
  [/^\$apr1\$/, "an Apache MD5 hash"],
  [/^\$1\$/, "an MD5 hash"],
  [/^\$5\$/, "a SHA-256 crypt hash"],
  [/^\$6\$/, "a SHA-512 crypt hash"],
  [/^\$7\$/, "a scrypt hash of crypt(5)"],
  [/^\$g?y\$/, "a yescrypt hash"],
  [/^\$argon2/, "an Argon2 hash"],
  [/^\$pbkdf2/, "a PBKDF2 hash"],
  [/^\{S?SHA\}/, "a SHA-1 hash"],
  [/^\{/, "a hash of another scheme"],
  [/^\$scrypt\$/, "a damaged scrypt hash"],
  [/^\$/, "a hash of another scheme"],
];

/** Ends a message with what to do. */
const REMEDY = "make one with `async-deno hash-password`";

/** The hash of `user`, or why there is none: the end of a sentence about the file. */
export function parsePasswordFile(
  text: string,
  user: string,
): { readonly hash: string } | { readonly fault: string } {
  const lines = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) return { fault: `is empty: ${REMEDY}` };
  const own = lines.find((line) => line.startsWith(`${user}:`))?.slice(user.length + 1);
  const hash = own ?? (lines.length === 1 ? lines[0] : undefined);
  if (hash === undefined) return { fault: `has no line for ${user}` };
  return isPasswordHash(hash) ? { hash } : { fault: faultOf(hash, user) };
}

/** The message never contains the text itself: it may be a password. */
function faultOf(hash: string, user: string): string {
  if (hash === "") return `has an empty password for ${user}: ${REMEDY}`;
  const foreign = FOREIGN_HASHES.find(([start]) => start.test(hash))?.[1];
  if (foreign !== undefined) return `has ${foreign} for ${user}, which cannot be used: ${REMEDY}`;
  // The only line of the file is another user's.
  if (/^[^:$]+:\$/.test(hash)) return `has no line for ${user}`;
  return `has text for ${user} that is not a hash, perhaps the password itself: ${REMEDY}`;
}
