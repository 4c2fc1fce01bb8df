/**
 * A short hash of some bytes, for file names that change with their content.
 *
 * In: bytes. Out: eight hexadecimal digits. Called when a thread starts, so it has to be cheap and
 * synchronous. It distinguishes an old file from a new one; it is not a cryptographic hash.
 */

// Parameters of 32-bit FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * FNV-1a of `bytes`.
 *
 * @returns 32 bits as eight lower-case hexadecimal digits
 */
export function contentHash(bytes: Uint8Array): string {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, PRIME);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
