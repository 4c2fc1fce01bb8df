/**
 * Password hashes that are expensive to brute-force: scrypt (RFC 7914) in the PHC string format.
 *
 *   $scrypt$ln=15,r=8,p=1$SALT$HASH      salt and hash in Base64 without padding
 *
 * In: a password, and a hash to compare with. Out: a new hash, or whether the password matches; both as
 * promises, because a thread of Deno's pool does the work. The comparison takes constant time.
 */

import { scrypt } from "node:crypto";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { encodeBase64 } from "@std/encoding/base64";
import { base64Bytes } from "./base64_bytes.ts";

/** log2 of the cost: 32 MiB and a tenth of a second per attempt. OWASP recommends it (with p = 3). */
const LOG_COST = 15;
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A hash in a file may cost more than ours: up to half a gigabyte of memory. */
const LARGEST_LOG_COST = 19;

const FORMAT =
  /^\$scrypt\$ln=(?<cost>\d{1,2}),r=(?<block>\d{1,2}),p=(?<parallel>\d{1,2})\$(?<salt>[\w+/]{11,86})\$(?<hash>[\w+/]{22,86})$/;

interface Parts {
  readonly cost: number;
  readonly block: number;
  readonly parallel: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Whether a text is a hash that passwords can be compared with. */
export function isPasswordHash(text: string): boolean {
  return partsOf(text) !== undefined;
}

/** The hash of a password, with a new salt: hashing the same password twice gives two hashes. */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const parts = { cost: LOG_COST, block: BLOCK_SIZE, parallel: PARALLELISM, salt };
  const hash = await derive(password, parts, HASH_BYTES);
  const parameters = `ln=${LOG_COST},r=${BLOCK_SIZE},p=${PARALLELISM}`;
  return `$scrypt$${parameters}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Whether `hash` is a hash of this password. @throws {TypeError} if `hash` is not a hash */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parts = partsOf(hash);
  if (parts === undefined) {
    throw new TypeError("Cannot compare a password with a text that is not a hash");
  }
  const derived = await derive(password, parts, parts.hash.length);
  return timingSafeEqual(derived, parts.hash);
}

function partsOf(text: string): Parts | undefined {
  const groups = FORMAT.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const [cost, block, parallel] = [groups["cost"], groups["block"], groups["parallel"]].map(Number);
  if (!cost || !block || !parallel || cost > LARGEST_LOG_COST) return undefined;
  const [salt, hash] = [decoded(groups["salt"] ?? ""), decoded(groups["hash"] ?? "")];
  return salt && hash ? { cost, block, parallel, salt, hash } : undefined;
}

function derive(
  password: string,
  { cost, block, parallel, salt }: Omit<Parts, "hash">,
  length: number,
): Promise<Uint8Array> {
  // RFC 7914 section 2: 128 * r * N bytes, and a reserve for other buffers.
  const maxmem = 129 * block * (2 ** cost + parallel) + 1024 * 1024;
  const options = { N: 2 ** cost, r: block, p: parallel, maxmem };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(new Uint8Array(key));
    });
  });
}

function unpadded(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/=+$/, "");
}

function decoded(text: string): Uint8Array | undefined {
  return base64Bytes(text.padEnd(Math.ceil(text.length / 4) * 4, "="));
}
