/**
 * Compares bytes, for payloads of megabytes: assertEquals would write a difference of a million
 * lines.
 *
 * In: two views. Out: a boolean.
 */

/** Compares length and every byte. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
