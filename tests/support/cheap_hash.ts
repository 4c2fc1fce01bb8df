/**
 * Password hashes that cost nothing, for tests.
 *
 * In: a password. Out: its hash with a fixed salt, in the format of a password file. Called where the cost
 * makes no difference. Never a hash that protects anything.
 */

import { encodeBase64 } from "@std/encoding/base64";
import { scryptSync } from "node:crypto";

/** How each of these hashes begins. */
export const CHEAP = "$scrypt$ln=1,r=8,p=1$";

/** A hash with a cost so low that a test can make many. */
export function cheapHash(password: string): string {
  const salt = new Uint8Array(16).fill(7);
  const hash = new Uint8Array(scryptSync(password, salt, 32, { N: 2, r: 8, p: 1 }));
  return CHEAP + [salt, hash].map((bytes) => encodeBase64(bytes).replace(/=+$/, "")).join("$");
}
