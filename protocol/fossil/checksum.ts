/**
 * The checksum at the end of a Fossil delta: the sum of the document's 32-bit words.
 *
 * In: the document that the delta makes. Out: the sum modulo 2^32. Words are big-endian; the last one is filled up with zeros.
 */

/** The checksum of a document. */
export function deltaChecksum(bytes: Uint8Array): number {
  const { length } = bytes;
  const whole = length - (length % 4);
  let sum = 0;
  for (let i = 0; i < whole; i += 4) {
    const word = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
    sum = (sum + word) | 0;
  }
  for (let i = whole; i < length; i++) sum = (sum + (bytes[i]! << (24 - 8 * (i - whole)))) | 0;
  return sum >>> 0;
}
