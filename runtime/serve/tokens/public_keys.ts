/**
 * Imports public keys from PEM, for every algorithm that each can verify.
 *
 * In: the text of a PEM file with one or more public keys or certificates. Out: keys by the algorithm's name; an
 * error says what the file has instead. By jose and the Web Crypto API, which want one key for each
 * algorithm: an RSA key is imported six times.
 */

import { importSPKI, importX509 } from "jose";

/** The algorithms of public keys (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
export const PUBLIC_KEY_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Keys by the name of the algorithm. */
export type PublicKeys = ReadonlyMap<string, readonly CryptoKey[]>;

/** RFC 7518 sections 3.3 and 3.5. */
const LEAST_RSA_BITS = 2048;
const BLOCK = /-----BEGIN (?<label>[A-Z0-9 ]+)-----[^-]+-----END \k<label>-----/g;

/** What a PEM file may have, and who imports it. */
const IMPORTERS: Readonly<Record<string, typeof importSPKI>> = {
  "PUBLIC KEY": importSPKI,
  "CERTIFICATE": importX509,
};

/** Imports the keys. @param name how an error names the file. @throws {Error} */
export async function importPublicKeys(name: string, pem: string): Promise<PublicKeys> {
  const keys = new Map<string, CryptoKey[]>();
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length === 0) {
    throw new Error(`${name} has no PEM block, as -----BEGIN PUBLIC KEY-----`);
  }
  for (const { 0: block, groups } of blocks) {
    const found = await importBlock(name, block, groups!["label"]!);
    for (const [algorithm, key] of found) {
      keys.set(algorithm, [...keys.get(algorithm) ?? [], key]);
    }
  }
  return keys;
}

async function importBlock(
  name: string,
  block: string,
  label: string,
): Promise<[string, CryptoKey][]> {
  const importer = IMPORTERS[label];
  if (importer === undefined) throw new Error(`${name} has a ${label}: ${remedy(label)}`);
  const found: [string, CryptoKey][] = [];
  for (const algorithm of PUBLIC_KEY_ALGORITHMS) {
    const key = await attempt(() => importer(block, algorithm));
    if (key !== undefined) found.push([algorithm, key]);
  }
  const [first] = found;
  if (first === undefined) {
    throw new Error(`${name} has a key that is no RSA, P-256, P-384, P-521 or Ed25519 key`);
  }
  if (first[0] === "ES512" && !await canVerify(first[1])) {
    const runtime = `Deno ${Deno.version.deno}`;
    throw new Error(
      `${name} has a P-521 key, with which ${runtime} cannot verify: use P-256 or P-384`,
    );
  }
  const { modulusLength } = first[1].algorithm as { modulusLength?: number };
  if (modulusLength !== undefined && modulusLength < LEAST_RSA_BITS) {
    throw new Error(
      `${name} has an RSA key of ${modulusLength} bits, and it must have ${LEAST_RSA_BITS}`,
    );
  }
  return found;
}

/** Undefined if the key is of another kind than the algorithm: each implementation has its own error for that. */
async function attempt<T>(make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Whether a P-521 key can be used: Deno 2.4 imports one, and refuses to verify with it. */
async function canVerify(key: CryptoKey): Promise<boolean> {
  const algorithm = { name: "ECDSA", hash: "SHA-512" };
  const nothing = new Uint8Array(132);
  return await attempt(() => crypto.subtle.verify(algorithm, key, nothing, nothing)) !== undefined;
}

function remedy(label: string): string {
  return label.includes("PRIVATE")
    ? "the server needs the public one alone, as `openssl pkey -in FILE -pubout` makes it"
    : "`openssl rsa -RSAPublicKey_in -in FILE -pubout` makes a PUBLIC KEY of an RSA PUBLIC KEY";
}
