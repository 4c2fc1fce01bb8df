/**
 * Decodes Base64 from an untrusted source: a client's field, or a line of a file.
 *
 * In: any text. Out: its bytes, or undefined if it is not Base64.
 */

import { decodeBase64 } from "@std/encoding/base64";

/** The decoded bytes; undefined if the text is not Base64. */
export function base64Bytes(digits: string): Uint8Array | undefined {
  try {
    return decodeBase64(digits);
  } catch (error) {
    // A RangeError for a length that no Base64 text has.
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}
